"""What has arrived: the last two hundred, held in memory only."""

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

KEPT = 200
# Of one text. Two hundred of the longest are 50 MB.
_LONGEST = 256 << 10


def shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n… {len(text) - _LONGEST:,} more characters"


@dataclass(frozen=True, slots=True)
class Webhook:
    path: str
    headers: dict[str, str]
    body: str
    verified: bool
    reason: str  # why not verified; empty when it is
    answered: int  # HTTP status
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    kind: str = "webhook"


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    type: str
    size: int  # bytes
    text: str  # empty unless it is a text


@dataclass(frozen=True, slots=True)
class Mail:
    sender: str
    recipients: list[str]
    subject: str
    headers: dict[str, str]
    text: str
    html: str
    attachments: list[Attachment]
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    kind: str = "mail"


Arrival = Webhook | Mail


class Arrivals:
    def __init__(self) -> None:
        self._newest_last: deque[Arrival] = deque(maxlen=KEPT)
        self._lock = threading.Lock()

    def add(self, arrival: Arrival) -> None:
        with self._lock:
            self._newest_last.append(arrival)

    def newest_first(self) -> Iterator[Arrival]:
        with self._lock:
            return reversed(list(self._newest_last))

    def as_json(self) -> dict[str, list[dict[str, Any]]]:
        return {"arrivals": [asdict(arrival) | {"at": arrival.at.isoformat()} for arrival in self.newest_first()]}
