"""LEADFLIP_EGRESS_PROXY."""

import os
import subprocess
import sys

import pytest
from django.test import override_settings

from delivery.outbound import OutboundError, parse_proxy
from delivery.transport import Transport
from leadflip.env import PROJECT
from tests.delivery.outbound.servers import answer_ok, says, serve


def started_with(proxy: str) -> subprocess.CompletedProcess[str]:
    code = "from leadflip.settings import EGRESS_PROXY; print(EGRESS_PROXY)"
    environment = {**os.environ, "LEADFLIP_EGRESS_PROXY": proxy}
    return subprocess.run([sys.executable, "-c", code], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False)


def test_a_proxy_that_cannot_be_meant_stops_the_start_without_its_password_on_the_screen() -> None:
    started = started_with("https://egress:s3cret@proxy:3128")
    assert started.returncode == 1
    assert started.stderr.splitlines()[-1] == (
        "django.core.exceptions.ImproperlyConfigured: LEADFLIP_EGRESS_PROXY cannot be used; "
        "wanted http://host:port or http://user:password@host:port, user and password percent-encoded."
    )
    assert "s3cret" not in started.stdout + started.stderr


def test_a_proxy_is_read_and_shown_without_its_password() -> None:
    assert started_with("http://egress:s3cret@proxy:3128").stdout == "EgressProxy(host='proxy', port=3128)\n"


@pytest.mark.anyio
async def test_what_the_engine_sends_leaves_through_it() -> None:
    async with serve(answer_ok) as partner, serve(says(b"HTTP/1.1 403 Forbidden\r\n\r\n")) as server:
        with override_settings(EGRESS_PROXY=parse_proxy(f"http://127.0.0.1:{server.port}")):
            transport = Transport.from_settings()
        with pytest.raises(OutboundError, match="The egress proxy of this installation refuses the connection"):
            await transport.client.post(partner.target(), headers=[], body=b"x", timeout_seconds=5)
        await transport.close()
    assert (partner.connections, server.connections) == (0, 1)
