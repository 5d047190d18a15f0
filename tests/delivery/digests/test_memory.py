"""A digest of 100,000 leads costs no more memory than one of 1,000."""

import subprocess
import sys
from typing import Any

from tests.delivery.channels.test_email_sending import Server, running
from tests.flows.processes import PROJECT


class Sizes(Server):
    """Keeps what the mails weigh, and no more of them."""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append((list(envelope.rcpt_tos), str(len(envelope.content)).encode()))
        return self.at_end


def measure(server: Server, leads: int) -> tuple[int, int]:
    """How many mails, and the most memory in bytes."""
    call = f"from tests.delivery.digests.measuring import measure; measure({server.port}, {leads})"
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", call]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True, timeout=120).stdout.split()
    return int(said[0]), int(said[1])


def test_memory_does_not_grow_with_the_leads() -> None:
    with running(Sizes()) as server:
        mails, little = measure(server, 1_000)
        assert mails == 1
        server.mails.clear()
        mails, much = measure(server, 50_000)
    assert much < 1.2 * little
    sizes = [int(size) for _, size in server.mails[1:]]
    assert (len(sizes), sum(sizes) > 15_000_000, max(sizes) <= 10_000_000) == (mails, True, True)
