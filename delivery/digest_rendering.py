"""The mail of a closed digest, put together in short steps: some leads each, in one transaction, with a note of how far it is.

So memory does not grow with the number of leads, other work in the background has its turns, and a worker that is killed loses a step and no more.
A mail that is full ends there: the deliveries that are left become a digest of their own, in the same transaction.
"""

import logging
import time
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

import msgspec
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from accounts.access import Access, access_of_account
from accounts.isolation import account_scope
from accounts.models import Account
from accounts.vault import LeadVault, SealError
from delivery.channel_settings import ChannelSettings
from delivery.channels.base import MAIL, Envelope, RenderError
from delivery.channels.email.channel import who_gets
from delivery.channels.email.digest import DigestWriter, Section, Written
from delivery.digest_pieces import place_of, seal_piece
from delivery.digests import add_digest, hold, is_ready
from delivery.models import Delivery, DeliveryState, Digest, Rendering
from delivery.shipment import make_envelope
from delivery.testing import load_settings, open_lead
from delivery.wake import wake

# Of one step: how many leads at most, how many of them in memory, and about how much it writes.
_LEADS = 500
_LEADS_AT_ONCE = 100
STEP_BYTES = 64 * 1024
_PIECE_OF_WORK_SECONDS = 0.5
_AFTER_A_FAULT = timedelta(minutes=1)
_PROGRESS = "digest-progress"

logger = logging.getLogger(__name__)

# NOWAIT, since an erasure holds deliveries while it waits for their digest: then this step is undone, and taken again.
_LEAVE_THE_REST = """
WITH rest AS MATERIALIZED (
    SELECT id FROM delivery_delivery
    WHERE digest_id = %(digest)s AND id > %(last)s AND NOT is_digest AND state = 'collecting' ORDER BY id FOR UPDATE NOWAIT
)
UPDATE delivery_delivery d SET digest_id = %(next)s, updated_at = now() FROM rest WHERE d.id = rest.id
"""


class _Progress(msgspec.Struct):
    """last: the last delivery that was looked at. steps: that wrote something."""

    written: Written
    last: UUID = UUID(int=0)
    first: UUID | None = None
    steps: int = 0


def put_digests_together() -> bool:
    """A piece of the work that waits, over all accounts. Returns whether there was any."""
    until = time.monotonic() + _PIECE_OF_WORK_SECONDS
    with connection.cursor() as cursor:
        cursor.execute("SELECT account_id, id FROM leadflip_digests_to_put_together()")
        waiting: list[tuple[UUID, UUID]] = cursor.fetchall()
    had_work = False
    for account_id, digest_id in waiting:
        while _step_in(account_id, digest_id):
            had_work = True
            if time.monotonic() > until:
                return True
    return had_work


def _step_in(account_id: UUID, digest_id: UUID) -> bool:
    """Whether a step was done."""
    try:
        with account_scope(account_id):
            return _step(access_of_account(Account.objects.get(id=account_id)), digest_id)
    except OperationalError:
        logger.warning("A step of digest %s was undone by the database; it will be taken again.", digest_id, exc_info=True)
    except Exception:
        # A fault of ours must not keep the other digests.
        logger.exception("Digest %s could not be put together; it is tried again in a minute.", digest_id)
        with account_scope(account_id):
            Digest.objects.filter(id=digest_id, put_together_at=None).update(due_at=timezone.now() + _AFTER_A_FAULT)
    return False


def _step(access: Access, digest_id: UUID) -> bool:
    waiting = Digest.objects.select_for_update(skip_locked=True, of=("self",)).select_related("channel__assignment")
    digest = waiting.filter(id=digest_id, closed_at__isnull=False, put_together_at=None).first()
    if digest is None:
        return False
    is_new = digest.began_at is None or digest.config_version != access.config_version
    digest.config_version, digest.is_waiting = access.config_version, False
    can_go_on = is_ready(digest) and (not is_new or _begin(access, digest))
    if can_go_on:
        _Maker(access, digest, load_settings(digest.channel_id)).work()
    digest.save()
    return can_go_on and not digest.is_waiting


def _begin(access: Access, digest: Digest) -> bool:
    """From the first lead, under a new key: what an earlier beginning left can no longer be read. False: its old mail is being sent just now."""
    unsent = Delivery.objects.filter(id=digest.id, state__in=[DeliveryState.COLLECTING, DeliveryState.QUEUED, DeliveryState.HELD])
    if not unsent.update(state=DeliveryState.COLLECTING, reason="", next_attempt_at=None, updated_at=timezone.now()):
        return False
    vault, digest.wrapped_key = access.vault.new_lead_key(digest.id)
    digest.began_at, digest.size = timezone.now(), 0
    digest.lead_count = digest.members.filter(state=DeliveryState.COLLECTING).count()
    digest.sealed_progress = _seal_progress(vault, digest, _Progress(Written()))
    return True


def _seal_progress(vault: LeadVault, digest: Digest, progress: _Progress) -> bytes:
    return vault.seal(msgspec.json.encode(progress), purpose=_PROGRESS, record_id=digest.id)


def _fail(member: Delivery, reason: str) -> None:
    """By itself: the digest goes out without it."""
    Delivery.objects.select_for_update(nowait=True).get(id=member.id)
    now = timezone.now()
    failed = Delivery.objects.filter(id=member.id, state=DeliveryState.COLLECTING)
    failed.update(state=DeliveryState.FAILED, reason=reason, digest=None, finished_at=now, updated_at=now)


class _Maker:
    """One step's work on one digest, which is locked."""

    def __init__(self, access: Access, digest: Digest, settings: ChannelSettings) -> None:
        self._access = access
        self._digest = digest
        self._settings = settings
        self._vault = access.vault.lead(digest.id, bytes(digest.wrapped_key))
        assert digest.sealed_progress is not None
        content = self._vault.open(digest.sealed_progress, purpose=_PROGRESS, record_id=digest.id)
        self._progress = msgspec.json.decode(content, type=_Progress)
        self._writer = DigestWriter(settings.config, lead_count=digest.lead_count, written=self._progress.written)

    def work(self) -> None:
        digest = self._digest
        if self._write_leads():
            self._keep(self._writer.take(), number=self._progress.steps)
            self._progress.steps += 1
            digest.sealed_progress = _seal_progress(self._vault, digest, self._progress)
            return
        try:
            self._finish()
        except RenderError as error:
            # Said of the mail as a whole, such as its subject: somebody will mend it.
            hold(digest, str(error))

    def _write_leads(self) -> bool:
        """Whether there are more for a later step."""
        members = self._digest.members.filter(state=DeliveryState.COLLECTING, id__gt=self._progress.last)
        looked_at = 0
        for member in members.select_related("lead").order_by("id")[:_LEADS].iterator(_LEADS_AT_ONCE):
            looked_at += 1
            envelope = self._envelope(member)
            if envelope is not None and not self._write(envelope, member):
                self._leave_the_rest()
                return False
            self._progress.last = member.id
            if self._writer.gathered >= STEP_BYTES:
                return True
        return looked_at == _LEADS

    def _write(self, envelope: Envelope, member: Delivery) -> bool:
        """False: the mail is full. One that no mail can be made of fails by itself."""
        try:
            if not self._writer.add(envelope):
                return False
        except RenderError as error:
            _fail(member, str(error))
        else:
            self._progress.first = self._progress.first or member.id
        return True

    def _envelope(self, member: Delivery) -> Envelope | None:
        lead = member.lead
        assert lead is not None
        try:
            vault = self._access.vault.lead(lead.id, bytes(lead.wrapped_key))
            return make_envelope(self._settings, open_lead(lead, vault, self._settings.specs), delivery_id=member.id)
        except SealError as error:
            _fail(member, f"The lead can no longer be read. {error}")
            return None

    def _leave_the_rest(self) -> None:
        digest, now = self._digest, timezone.now()
        following = Digest(
            account_id=digest.account_id, channel=digest.channel, due_at=now, config_version=digest.config_version, created_at=now, closed_at=now
        )  # fmt: skip
        add_digest(following, digest.channel)
        with connection.cursor() as cursor:
            cursor.execute(_LEAVE_THE_REST, {"next": following.id, "digest": digest.id, "last": self._progress.last})
            following.lead_count = cursor.rowcount
        following.save(update_fields=["lead_count"])

    def _finish(self) -> None:
        """Raises RenderError, and nothing was changed."""
        digest, now = self._digest, timezone.now()
        carrier = Delivery.objects.filter(id=digest.id)
        if self._progress.first is None:
            carrier.update(state=DeliveryState.CANCELLED, reason="No lead is left in this digest.", finished_at=now, updated_at=now)
        else:
            self._close_mail()
            carrier.update(state=DeliveryState.QUEUED, reason="", next_attempt_at=now, updated_at=now)
            transaction.on_commit(wake)
        digest.put_together_at, digest.sealed_progress, digest.lead_count = now, None, self._writer.written.leads

    def _close_mail(self) -> None:
        digest, settings = self._digest, self._settings
        context = settings.context(timezone.now())
        server, recipients = who_gets(settings.config, context, partner=settings.partner)
        assert self._progress.first is not None
        first = self._envelope(digest.members.select_related("lead").get(id=self._progress.first))
        assert first is not None
        around = self._writer.around(first, server, recipients, digest_id=digest.id, context=context)
        digest.recipients = [*recipients, *settings.config["cc"]]
        self._keep(self._writer.take(is_last=True), number=self._progress.steps)
        self._keep(around, number=0, has_encrypted=first.has_encrypted)

    def _keep(self, parts: Mapping[Section, bytes], *, number: int, has_encrypted: bool = False) -> None:
        digest = self._digest
        assert digest.began_at is not None
        for section, content in parts.items():
            place = place_of(section, number)
            kept = Rendering.objects.create(
                account_id=digest.account_id, delivery_id=digest.id, content_type=MAIL, recipients=digest.recipients, piece=place,
                sealed_body=seal_piece(self._vault, content, digest_id=digest.id, place=place), has_encrypted=has_encrypted, created_at=digest.began_at,
            )  # fmt: skip
            digest.size += len(content)
            if place == 0:
                digest.rendering_id = kept.id
