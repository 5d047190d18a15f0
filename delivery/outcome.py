"""What became of one try. A sender always returns an Outcome and never raises for anything a partner can do."""

from decimal import Decimal
from enum import StrEnum

import msgspec


class Verdict(StrEnum):
    DELIVERED = "delivered"  # the partner has it
    REJECTED = "rejected"  # the partner said no: a business answer, never retried
    RETRY = "retry"  # this try failed, a later one may not
    FAILED = "failed"  # no retry can help
    HELD = "held"  # nothing was tried, because something here is missing or paused


class Timings(msgspec.Struct, frozen=True, gc=False):
    """Milliseconds; None where the phase did not happen (a reused connection has no DNS, connect or TLS)."""

    dns_ms: float | None = None
    connect_ms: float | None = None
    tls_ms: float | None = None
    first_byte_ms: float | None = None
    total_ms: float = 0.0


Headers = tuple[tuple[str, str], ...]
# Recipients who have a mail, or refused it for good: (address, the code of SMTP).
Settled = tuple[tuple[str, int], ...]


class Outcome(msgspec.Struct, frozen=True):
    """The result of one try.

    code: short and stable, for filters: `ok`, `rejected`, `http_503`, `timeout`, `dns`, `connect`, `tls`, `smtp_452`, `blocked_address`,
    `no_mail_server`.
    reason: one sentence a dashboard user understands.
    is_counted: False when the try does not use up the retry policy (429).
    pauses_channel: True when the channel must stop at once (410).
    is_attempt: False when nothing went out, so that the log has no row of it (HELD).
    partner_reference: the partner's own id for the lead, out of its answer: at most 200 characters in one line.
    price: what the partner pays, out of its answer: 0 or more, below 10 billion, at most two decimals.
    settled: of a mail, the recipients that are not tried again, earlier tries included.
    """

    verdict: Verdict
    code: str
    reason: str
    http_status: int | None = None
    retry_after_seconds: float | None = None
    max_tries: int | None = None  # a tighter ceiling than the policy's: 3 for most 4xx
    is_counted: bool = True
    pauses_channel: bool = False
    is_attempt: bool = True
    method: str = ""
    target: str = ""  # the URL, or the recipients
    address: str = ""  # the network address connected to
    request_headers: Headers = ()  # secrets masked
    response_headers: Headers = ()
    response_body: bytes = b""  # at most 16 KiB
    is_response_truncated: bool = False
    timings: Timings = Timings()
    partner_reference: str = ""
    price: Decimal | None = None
    settled: Settled = ()

    @property
    def has_arrived(self) -> bool:
        """Somebody has the mail, whatever became of it for the others."""
        return any(code < 400 for _, code in self.settled)
