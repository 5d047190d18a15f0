"""The commands of the processes. docker-compose.yml starts the same ones; a test compares."""

from pathlib import Path

BACKGROUND_QUEUE = "background"  # accounts.doorbell's, which needs Django's settings to be read


def web(*, host: str, port: int | str) -> list[str]:
    # Threads, so that a slow answer (a test delivery waits for its partner) does not hold up everybody else.
    app = ["granian", "--interface", "wsgi", "leadflip.wsgi:application", "--host", host, "--port", str(port)]
    size = ["--workers", "2", "--blocking-threads", "4", "--http", "1", "--no-ws"]
    return [*app, *size, "--respawn-failed-workers", "--respawn-interval", "0.5", "--workers-kill-timeout", "4"]


def worker(*, concurrency: int | str) -> list[str]:
    size = ["--concurrency", str(concurrency), "--without-gossip", "--without-mingle"]
    return ["celery", "--quiet", "-A", "leadflip", "worker", *size, "--loglevel", "INFO"]


def background() -> list[str]:
    size = ["--concurrency", "1", "--without-gossip", "--without-mingle"]
    return [
        "celery",
        "--quiet",
        "-A",
        "leadflip",
        "worker",
        "--queues",
        BACKGROUND_QUEUE,
        "--hostname",
        "background@%h",
        *size,
        "--loglevel",
        "INFO",
    ]


def beat(*, schedule: Path | str) -> list[str]:
    return ["celery", "--quiet", "-A", "leadflip", "beat", "--schedule", str(schedule), "--loglevel", "INFO"]


def migrate() -> list[str]:
    return ["python", "manage.py", "migrate", "--noinput"]


def seed(*, sandbox_url: str, smtp_port: int, secret_file: Path) -> list[str]:
    options = ["--sandbox-url", sandbox_url, "--sandbox-smtp-port", str(smtp_port), "--webhook-secret-file", str(secret_file)]
    return ["python", "manage.py", "seed_demo", *options]


def sandbox(*, http_port: int, smtp_port: int, secrets_file: Path) -> list[str]:
    ports = ["--http-port", str(http_port), "--smtp-port", str(smtp_port)]
    return ["python", "-m", "leadflip.local.sandbox", *ports, "--secrets-file", str(secrets_file)]
