"""From claimed rows to shipments: settings from a cache, bytes rendered once or unsealed, keys opened."""

import json
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import namedtuple_row

from accounts.ids import new_id
from accounts.vault import AccountVault, SealError, account_vault
from delivery import queue
from delivery.channel_settings import SETTINGS_SQL, ChannelSettings, build_settings
from delivery.channels.base import MAIL, NotReadyError, RenderError, Rendering
from delivery.digest_pieces import ReadPiece, SealedMail
from delivery.outcome import Outcome, Settled, Verdict
from delivery.shipment import LeadContent, Shipment, make_envelope, open_rendering, seal_rendering
from distribution.fields.exact_json import load
from distribution.lead_values import arrange, open_values

_CACHE_SIZE = 5_000

# Stands in a shipment until its bytes are there.
_NOT_YET = Rendering(b"", "")

logger = logging.getLogger(__name__)


class SettingsCache:
    """ChannelSettings by channel and configuration version, bounded, least recently used out first."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[UUID, int], ChannelSettings | SealError] = OrderedDict()

    async def settings_of(self, connection: queue.Connection, rows: Sequence[Any]) -> dict[UUID, ChannelSettings | SealError]:
        """The settings of every channel among the claimed rows. One whose secrets do not open is there as its SealError."""
        wanted = {(row.channel_id, row.config_version) for row in rows}
        missing = [key for key in wanted if key not in self._known]
        if missing:
            cursor = connection.cursor(row_factory=namedtuple_row)
            await cursor.execute(SETTINGS_SQL, [[channel_id for channel_id, _ in missing]])
            versions = dict(missing)
            row: Any
            for row in await cursor.fetchall():
                self._known[row.id, versions[row.id]] = _build(row)
        found = {channel_id: self._known[channel_id, version] for channel_id, version in wanted if (channel_id, version) in self._known}
        for key in wanted & self._known.keys():
            self._known.move_to_end(key)
        while len(self._known) > _CACHE_SIZE:
            self._known.popitem(last=False)
        return found


def _build(row: Any) -> ChannelSettings | SealError:
    try:
        return build_settings(row)
    except SealError as error:
        return error


@dataclass(slots=True)
class Prepared:
    """shipments: ready to go. fresh: renderings to keep before they go. refused: what cannot go at all, with the reason."""

    shipments: list[Shipment]
    fresh: list[queue.SealedRendering]
    refused: list[tuple[Shipment, Outcome]]


def prepare(claimed: queue.Claimed, settings: dict[UUID, ChannelSettings | SealError], *, now: datetime, read_piece: ReadPiece) -> Prepared:
    """read_piece: how the mails of digests are read while they are sent."""
    prepared = Prepared([], [], [])
    for row in claimed.rows:
        found = settings.get(row.channel_id)
        if isinstance(found, ChannelSettings):
            _prepare_one(prepared, row, found, claimed.claim_id, now, read_piece)
        else:
            # Left to its lease: it comes back later, and by then the master key may be here again.
            logger.error("The settings of channel %s cannot be read: %s", row.channel_id, found)
    return prepared


def _prepare_one(prepared: Prepared, row: Any, settings: ChannelSettings, claim_id: UUID, now: datetime, read_piece: ReadPiece) -> None:
    account = account_vault(row.account_id, bytes(row.account_key))
    shipment = Shipment(
        delivery_id=row.id,
        account_id=row.account_id,
        claim_id=claim_id,
        attempts_made=row.attempts_made,
        counted_attempts=row.counted_attempts,
        attempts_before_resend=row.attempts_before_resend,
        queued_at=row.queued_at,
        settings=settings,
        vault=account,
        rendering=_NOT_YET,
        rendering_id=row.rendering_id,
        is_test=row.is_test,
        is_digest=row.is_digest,
    )
    if row.lead_key == b"":
        prepared.refused.append((shipment, Outcome(Verdict.FAILED, "erased", queue.LEAD_ERASED, is_attempt=False)))
        return
    try:
        if row.is_digest:
            _open_digest(shipment, account, row, read_piece)
        elif row.rendering_id is not None:
            shipment.vault = account.lead(row.lead_id, bytes(row.lead_key))
            opened = open_rendering(
                shipment.vault,
                row.sealed_body,
                delivery_id=row.id,
                content_type=row.content_type,
                recipients=row.recipients,
            )
            shipment.rendering = replace(opened, settled=_settled(row)) if row.settled_recipients else opened
        else:
            shipment.vault = account.lead(row.lead_id, bytes(row.lead_key))
            _render(prepared, shipment, row, now)
    except SealError as error:
        prepared.refused.append((shipment, Outcome(Verdict.FAILED, "unreadable", f"The lead can no longer be read. {error}")))
    except NotReadyError as error:
        prepared.refused.append((shipment, Outcome(Verdict.HELD, error.code, str(error), is_attempt=False)))
    except RenderError as error:
        prepared.refused.append((shipment, Outcome(Verdict.FAILED, "render", str(error))))
    except Exception:
        # A fault of ours, in one lead or one channel, must not stop the others.
        logger.exception("Delivery %s could not be rendered.", row.id)
        prepared.refused.append(
            (
                shipment,
                Outcome(Verdict.RETRY, "internal", "Leadflip could not prepare this delivery. It will try again."),
            )
        )
    else:
        prepared.shipments.append(shipment)


def _open_digest(shipment: Shipment, account: AccountVault, row: Any, read_piece: ReadPiece) -> None:
    """Raises SealError, NotReadyError."""
    if row.put_together_at is None:
        raise NotReadyError("not_put_together", "The mail of this digest is being put together; it goes out then.")
    shipment.vault = account.lead(row.id, bytes(row.digest_key))
    mail = SealedMail(row.digest_size, row.id, row.began_at, shipment.vault, read_piece)
    shipment.rendering_id = row.digest_rendering_id
    shipment.rendering = Rendering(b"", MAIL, tuple(row.digest_recipients), settled=_settled(row), stream=mail)


def _settled(row: Any) -> Settled:
    return tuple((address, code) for address, code in json.loads(row.settled_recipients or "[]"))


def _render(prepared: Prepared, shipment: Shipment, row: Any, now: datetime) -> None:
    sealed_values = open_values(shipment.vault, row.lead_sealed, lead_id=row.lead_id)
    plain, secret = arrange(shipment.settings.specs, load(row.lead_values), sealed_values)
    lead = LeadContent(
        id=row.lead_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        source=row.source,
        status=row.status,
        values=plain,
        sealed_values=secret,
    )
    settings = shipment.settings
    envelope = make_envelope(settings, lead, delivery_id=row.id, is_test=row.is_test)
    shipment.rendering = settings.sender.render(envelope, settings.config, context=settings.context(now))
    shipment.rendering_id = new_id()
    prepared.fresh.append(
        queue.SealedRendering(
            id=shipment.rendering_id,
            account_id=row.account_id,
            delivery_id=row.id,
            sealed_body=seal_rendering(shipment.vault, shipment.rendering, delivery_id=row.id),
            content_type=shipment.rendering.content_type,
            recipients=shipment.rendering.recipients,
            has_encrypted=envelope.has_encrypted,
            created_at=now,
        )
    )
