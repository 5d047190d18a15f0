"""A channel as it would be if it were saved just so: what is wrong with it, and what the partner would get. Nothing is stored or sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.access import Access
from accounts.faults import HasFault, RefusedChangeError
from accounts.models import MailServer
from accounts.vault import SealError
from delivery.channel_config import Checked, check_settings
from delivery.channel_settings import ChannelSettings, open_mail_server
from delivery.channels.base import MailServerSettings, RenderError
from delivery.models import DeliveryChannel
from delivery.preview import render_preview
from delivery.samples import sample_lead
from delivery.shipment import LeadContent
from delivery.testing import UNREADABLE, find_lead, open_lead
from distribution.entity_table import specs_of
from distribution.models import Assignment

# Settings that make up what the partner gets: with a fault in one of them there is nothing to show.
_CONTENT = frozenset({"payload_format", "content_type", "template", "subject", "body_template", "format", "csv"})
_SOME_ADDRESS = "https://partner.example.com/"


@dataclass(frozen=True, slots=True)
class DraftPreview:
    """shown: as delivery.preview.describe_rendering has it; None with a fault in what makes the content, or with `problem`: why this very lead
    cannot be shown. faults: all that stands in the way of saving."""

    shown: dict[str, Any] | None
    faults: Sequence[HasFault] = ()
    problem: str = ""


def preview_draft(access: Access, channel: DeliveryChannel, raw: Mapping[str, Any], *, lead_id: UUID | None) -> DraftPreview:
    """channel: stored or not, of the kind that `raw` is for. raw: as `set_primary_channel` takes it. lead_id: None shows a sample.

    Faults in settings that only concern the sending, such as an address not typed yet, do not keep the content from being shown.
    Raises NoSuchLeadError.
    """
    try:
        checked, faults = _check(access, channel, raw)
        if checked is None:
            return DraftPreview(None, faults)
        now = timezone.now()
        settings = _settings(access, channel, checked)
        lead = _lead(access, settings, lead_id, now)
    except SealError:
        return DraftPreview(None, problem=UNREADABLE)
    try:
        shown = render_preview(settings, lead, now=now, is_test=lead_id is None)
    except RenderError as error:
        return DraftPreview(None, faults, str(error))
    if any(fault.attr == "config.url" for fault in faults):
        shown["url"] = ""
    return DraftPreview(shown, faults)


def _check(access: Access, channel: DeliveryChannel, raw: Mapping[str, Any]) -> tuple[Checked | None, Sequence[HasFault]]:
    """The settings, if need be without those that have a fault; None if there is no doing without them."""
    try:
        return check_settings(access, channel, raw), ()
    except RefusedChangeError as refusal:
        faults = refusal.faults
    lenient = without_faulty(raw, faults)
    try:
        return (None if lenient is None else check_settings(access, channel, lenient)), faults
    except RefusedChangeError:
        return None, faults


def without_faulty(raw: Mapping[str, Any], faults: Sequence[HasFault]) -> dict[str, Any] | None:
    """The settings without those that have a fault; None if what is left would not make the same content."""
    config = dict(raw["config"])
    places: dict[str, set[int]] = {}
    for fault in faults:
        top, _, path = fault.attr.partition(".")
        name, _, rest = path.partition(".")
        if top != "config" or not name or name in _CONTENT:
            return None
        place = rest.partition(".")[0]
        if isinstance(config.get(name), list) and place.isdigit():
            places.setdefault(name, set()).add(int(place))
        else:
            config.pop(name, None)
    for name, faulty in places.items():
        config[name] = [item for place, item in enumerate(config.get(name, [])) if place not in faulty]
    if raw["kind"] == "webhook":
        config.setdefault("url", _SOME_ADDRESS)
    return {**raw, "config": config}


def _settings(access: Access, channel: DeliveryChannel, checked: Checked) -> ChannelSettings:
    """Without secrets: a preview shows none."""
    assignment: Assignment = channel.assignment
    profile, partner = assignment.profile, assignment.partner
    return ChannelSettings(
        channel_id=channel.id,
        account_id=access.account_id,
        profile_id=profile.id,
        partner_id=partner.id,
        kind=channel.kind,
        config=checked.config,
        selection=checked.selection,
        secrets={},
        entity=profile.entity.name,
        display_field=profile.entity.display_field,
        specs=specs_of(profile.entity),
        profile=profile.name,
        partner=partner.name,
        partner_email=partner.email,
        is_http_allowed=checked.is_http_allowed,
        mail_server=_mail_server(access) if channel.kind == "email" else None,
    )


def _mail_server(access: Access) -> MailServerSettings | None:
    server = MailServer.objects.defer("sealed_password").first()
    if server is None:
        return None
    server.sealed_password = None
    return open_mail_server(access.vault, server)


def _lead(access: Access, settings: ChannelSettings, lead_id: UUID | None, now: datetime) -> LeadContent:
    if lead_id is None:
        return sample_lead(settings.specs, now=now)
    lead = find_lead(lead_id, profile_id=settings.profile_id)
    return open_lead(lead, access.vault.lead(lead.id, bytes(lead.wrapped_key)), settings.specs)
