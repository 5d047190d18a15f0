"""`python -m benchmarks`: a Postgres and a Valkey of our own, as durable as in production, then `benchmarks.run` beside them."""

import base64
import os
import secrets
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from benchmarks import PROJECT
from leadflip.local.leftovers import end_abandoned_homes, make_home
from leadflip.local.postgres import Postgres
from leadflip.local.valkey import Valkey

_PREFIX = f"leadflip-bench-{os.getuid()}-"


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    end_abandoned_homes(_PREFIX)
    home = make_home(_PREFIX)
    postgres, valkey = Postgres(home), Valkey(home)
    try:
        postgres.start()
        valkey.start()
        environment = _environment(home, postgres, valkey)
        migrate = [sys.executable, "-W", "ignore", "manage.py", "migrate", "--noinput", "--skip-checks", "--verbosity", "0"]
        subprocess.run(migrate, cwd=PROJECT, env=environment, check=True)
        return _run(environment)
    except KeyboardInterrupt:
        return 130
    finally:
        valkey.stop()
        postgres.stop()
        shutil.rmtree(home, ignore_errors=True)


def _run(environment: dict[str, str]) -> int:
    """Whatever ends this process, what it has started is ended first."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.run", *sys.argv[1:]], cwd=PROJECT, env=environment)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.terminate()
        process.wait(30)
        raise


def _environment(home: Path, postgres: Postgres, valkey: Valkey) -> dict[str, str]:
    """Nothing of this machine's own settings, so that every run measures the same."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("LEADFLIP_", "DATABASE_", "DJANGO_"))}
    return own | {
        "DJANGO_SETTINGS_MODULE": "leadflip.settings",
        "LEADFLIP_ENV": "test",
        "LEADFLIP_DATA": str(home),
        "LEADFLIP_SECRET_KEY": secrets.token_urlsafe(40),
        "LEADFLIP_MASTER_KEYS": f"bench:{base64.b64encode(os.urandom(32)).decode()}",
        "LEADFLIP_OUTBOUND_ALLOW": "127.0.0.0/8",
        "LEADFLIP_API_PER_MINUTE": "1000000",  # counted, and never reached: one account sends everything here
        "DATABASE_URL": postgres.url,
        "REDIS_URL": valkey.url,
        "BENCH_HOME": str(home),
        "BENCH_POSTGRES_PID": str(postgres.process.pid) if postgres.process else "",
    }


if __name__ == "__main__":
    sys.exit(main())
