"""The mail of a digest as it is kept: in pieces, each sealed by the digest's key, and opened one after another while it is sent."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.vault import LeadVault, SealError
from delivery.shipment import RENDERING

_PIECES_PER_SECTION = 1_000_000

# Asks for the piece after a place: (digest, when its mail was begun, place) → (place, sealed), None at the end.
type ReadPiece = Callable[[UUID, datetime, int], Awaitable[tuple[int, bytes] | None]]


def place_of(section: int, number: int) -> int:
    """Where a piece stands in its mail; the first is 0."""
    return section * _PIECES_PER_SECTION + number


def seal_piece(vault: LeadVault, content: bytes, *, digest_id: UUID, place: int) -> bytes:
    return vault.seal(content, purpose=_purpose(place), record_id=digest_id)


def _purpose(place: int) -> str:
    # The first is a rendering like all others: the log shows it.
    return f"{RENDERING}-{place}" if place else RENDERING


@dataclass(frozen=True, slots=True)
class SealedMail:
    """A `channels.base.Streamed`."""

    size: int
    digest_id: UUID
    began_at: datetime
    vault: LeadVault
    read: ReadPiece

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raises SealError, also when some of it is missing: half a mail must not arrive."""
        place, size = -1, 0
        while (piece := await self.read(self.digest_id, self.began_at, place)) is not None:
            place = piece[0]
            content = self.vault.open(piece[1], purpose=_purpose(place), record_id=self.digest_id)
            size += len(content)
            # While the server takes its time, one copy is enough.
            del piece
            yield content
        if size != self.size:
            raise SealError(f"The mail of digest {self.digest_id} is no longer whole: {size} of {self.size} bytes.")
