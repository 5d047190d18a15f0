"""What the account's people are told of a channel, in words of the trade. None of them is the partner's own: what a server answers may quote a lead."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row

from accounts.alerts import RAISE, RESOLVE, NewAlert
from accounts.models import AlertKind
from delivery.breaker import PAUSED_AFTER, Breaker, Word

_FAULTS = {
    "dns": "its address cannot be found",
    "connect": "no connection can be made",
    "tls": "the encrypted connection fails",
    "timeout": "it does not answer in time",
    "blocked_address": "its address is none that Leadflip may send to",
    "smtp_auth": "the mail server refuses the user name or password",
    "smtp_connection": "the connection to the mail server fails",
}
_NAMES = """
SELECT channel.id AS channel_id, channel.account_id, channel.kind, partner.name AS partner, profile.name AS profile
FROM delivery_deliverychannel channel JOIN distribution_assignment assignment ON assignment.id = channel.assignment_id
JOIN distribution_partner partner ON partner.id = assignment.partner_id JOIN distribution_profile profile ON profile.id = assignment.profile_id
WHERE channel.id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class ChannelNames:
    channel_id: UUID
    account_id: UUID
    kind: str
    partner: str
    profile: str

    @property
    def label(self) -> str:
        return f"{self.kind.capitalize()} to {self.partner} ({self.profile})"


async def names_of(connection: AsyncConnection, channels: Collection[UUID]) -> dict[UUID, ChannelNames]:
    async with connection.cursor(row_factory=class_row(ChannelNames)) as cursor:
        await cursor.execute(_NAMES, [list(channels)])
        return {names.channel_id: names for names in await cursor.fetchall()}


async def tell(connection: AsyncConnection, alert: NewAlert) -> None:
    """As the engine, in its transaction. A recovery, and a pause, end what was open about the channel."""
    if alert.kind in (AlertKind.CHANNEL_RECOVERED, AlertKind.CHANNEL_PAUSED):
        await connection.execute(RESOLVE, {"account_id": alert.account_id, "subject_id": alert.subject_id})
    await connection.execute(RAISE, alert.row())


def put_into_words(word: Word, names: ChannelNames, breaker: Breaker, *, code: str, now: datetime) -> NewAlert:
    """code: of the latest try, as in Outcome."""
    title, text = _WORDS[word](names, breaker, code)
    return NewAlert(
        account_id=names.account_id,
        kind=AlertKind(word),
        subject_type="deliverychannel",
        subject_id=names.channel_id,
        subject_label=names.label,
        incident=f"{names.channel_id} {breaker.incident_at or now:%Y-%m-%dT%H:%M:%S.%f}",
        title=title,
        text=text,
        created_at=now,
        resolved_at=now if word is Word.RECOVERED else None,
    )


def describe_fault(code: str) -> str:
    """The rest of a sentence that begins with a partner's failing."""
    kind, _, number = code.partition("_")
    if number.isdigit() and kind in ("http", "smtp"):
        return f"it answers with the status {number}" if kind == "http" else f"the mail server answers with the code {number}"
    return _FAULTS.get(code, "the tries do not get through")


def _unhealthy(names: ChannelNames, breaker: Breaker, code: str) -> tuple[str, str]:
    return (
        f"{names.partner} does not take leads at present",
        (
            f"The latest deliveries by {names.kind} to {names.partner} (profile {names.profile}) failed: {describe_fault(code)}. "
            f"Leadflip lets the channel rest, tries one lead at {_shown(breaker.open_until)}, and goes on trying one after longer and longer rests, "
            "ten minutes at most. Until one arrives, the others wait: none is lost, and none uses up its tries."
        ),
    )


def _still_failing(names: ChannelNames, breaker: Breaker, code: str) -> tuple[str, str]:
    since = breaker.failing_since
    return (
        f"{names.partner} has taken no lead for a day",
        (
            f"Since {_shown(since)} every delivery by {names.kind} to {names.partner} (profile {names.profile}) has failed; now "
            f"{describe_fault(code)}. The leads wait. If nothing changes, the channel is paused at {_shown(since and since + PAUSED_AFTER)}. "
            "Please check the channel's settings, or ask the partner."
        ),
    )


def _paused(names: ChannelNames, breaker: Breaker, code: str) -> tuple[str, str]:
    return (
        f"The channel to {names.partner} is paused",
        (
            f"Nothing is sent by {names.kind} to {names.partner} (profile {names.profile}) any more: {describe_fault(code)}. "
            "Its leads are held, and none is lost. Resume the channel when the partner can take leads again."
        ),
    )


def _recovered(names: ChannelNames, breaker: Breaker, code: str) -> tuple[str, str]:
    return (
        f"{names.partner} takes leads again",
        f"Deliveries by {names.kind} to {names.partner} (profile {names.profile}) arrive again. What has waited goes out now. There is nothing to do.",
    )


_WORDS = {Word.UNHEALTHY: _unhealthy, Word.STILL_FAILING: _still_failing, Word.PAUSED: _paused, Word.RECOVERED: _recovered}


def _shown(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "once"
