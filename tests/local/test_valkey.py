from pathlib import Path

import redis

from leadflip.local.valkey import Valkey


def test_data_outlives_a_stop(home: Path) -> None:
    valkey = Valkey(home)
    valkey.start()
    with redis.Redis.from_url(valkey.url) as client:
        client.set("word", "kept")
    valkey.restart()
    with redis.Redis.from_url(valkey.url) as client:
        assert client.get("word") == b"kept"
    valkey.stop()
    assert not valkey.is_running
    assert not valkey.sockets.exists()


def test_it_starts_again_after_a_kill(home: Path) -> None:
    valkey = Valkey(home)
    valkey.start()
    valkey.kill()
    valkey.start()
    assert valkey.answers()
    valkey.stop()


def test_its_socket_is_private_and_no_port_is_open(home: Path) -> None:
    valkey = Valkey(home, is_durable=False)
    valkey.start()
    assert valkey.sockets.stat().st_mode & 0o077 == 0
    with redis.Redis.from_url(valkey.url) as client:
        assert client.config_get("port") == {"port": "0"}
    valkey.stop()
