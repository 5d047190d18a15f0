"""Delivery Channels as people set them up."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import changes
from accounts.access import Access
from accounts.alerts import resolve_alerts
from accounts.doorbell import ring_background
from accounts.faults import ConflictError, Fault, HasFault, RefusedChangeError, refuse_if_any
from accounts.models import Account
from delivery.channel_settings import seal_secrets, unseal_secrets
from delivery.channels import KINDS
from delivery.channels.base import ConfigError
from delivery.channels.base import Fault as ChannelFault
from delivery.channels.webhook.signature import CURRENT, rotate
from delivery.models import DeliveryChannel
from delivery.payload import chosen_fields, clean_selection
from delivery.transport import outbound_policy
from delivery.waiting import hold_for_channel, release_for_channel, try_at_once
from distribution.entities import hold_fields
from distribution.entity_table import specs_of
from distribution.fields.faults import echo
from distribution.models import Assignment

_PAUSED = "The channel is paused."


def set_primary_channel(access: Access, assignment: Assignment, raw: Mapping[str, Any]) -> tuple[DeliveryChannel, str | None]:
    """Make the assignment's leads travel this way. raw: {"kind", "fields", "config"}, as typed.

    A channel of the same kind is changed in place and keeps its id and signing secret; one of another kind steps back, since what it
    delivered is on record. Returns the channel and its signing secret if it was made just now. Raises RefusedChangeError.
    """
    # Held until the end: of two who set the channel at once, the second finds what the first has made.
    Assignment.objects.select_for_update().get(id=assignment.id)
    old = DeliveryChannel.objects.select_for_update().filter(assignment=assignment, is_primary=True).first()
    if old is not None and old.kind == raw.get("kind"):
        return old, _write(access, old, raw)
    channel = DeliveryChannel(account_id=access.account_id, assignment=assignment, kind=str(raw.get("kind")))
    values, signing_secret = _clean(access, channel, raw)
    if old is not None:
        changes.update(access, old, {"is_primary": False})
    for name, value in values.items():
        setattr(channel, name, value)
    changes.create(access, channel)
    return channel, signing_secret


def change_channel(access: Access, channel: DeliveryChannel, raw: Mapping[str, Any]) -> str | None:
    """Change `fields` or `config`; settings of `config` that are not named stay. Returns a signing secret made just now. Raises RefusedChangeError."""
    if raw.get("kind", channel.kind) != channel.kind:
        detail = f"kind is {echo(channel.kind)} for good; set the assignment's channel to begin with another."
        raise RefusedChangeError([Fault("kind", "immutable", detail)])
    config = raw.get("config")
    if isinstance(config, Mapping):
        config = {**channel.config, **config}
    elif "config" not in raw:
        config = channel.config
    return _write(access, channel, {"kind": channel.kind, "fields": raw.get("fields", channel.fields), "config": config})


def rotate_signing_secret(access: Access, channel: DeliveryChannel) -> str:
    """Return the new one. The one before signs too for 24 hours. Raises ConflictError."""
    secrets = unseal_secrets(access.vault, channel.id, channel.sealed_secrets)
    if channel.kind != "webhook":
        raise ConflictError(f"Only a webhook has a signing secret, and this is a channel of the kind {channel.kind}.")
    rotated = rotate(secrets, now=timezone.now())
    changes.update(access, channel, {"sealed_secrets": seal_secrets(access.vault, channel.id, rotated)}, action="rotated")
    return rotated[CURRENT]


def pause_channel(access: Access, channel: DeliveryChannel, *, reason: str) -> None:
    """Deliveries are held from now on. A channel that is paused already keeps its first reason."""
    if channel.paused_at is None:
        changes.update(access, channel, {"paused_at": timezone.now(), "pause_reason": reason}, action="paused")
    hold_for_channel(channel.id, f"{_PAUSED} {channel.pause_reason}".strip())


def resume_channel(access: Access, channel: DeliveryChannel) -> None:
    """What was held is queued; the caller rings `wake` after its commit."""
    if channel.paused_at is not None:
        changes.update(access, channel, {"paused_at": None, "pause_reason": ""}, action="resumed")
        try_at_once(channel.id)
        resolve_alerts(channel.id)
    release_for_channel(channel.id)


def without_secrets(config: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as they may be shown. A secret's value stands sealed elsewhere; a null here says that there is one."""
    shown = dict(config)
    if "headers" in shown:
        shown["headers"] = [{**header, "value": None} if header.get("secret") else header for header in shown["headers"]]
    return shown


def _write(access: Access, channel: DeliveryChannel, raw: Mapping[str, Any]) -> str | None:
    values, signing_secret = _clean(access, channel, raw)
    changes.update(access, channel, values)
    if channel.paused_at is None:
        # What was held for want of a setting, such as recipients; the caller rings `wake` after its commit.
        try_at_once(channel.id)
        release_for_channel(channel.id)
    # What has been collected is sent by the new settings.
    transaction.on_commit(ring_background)
    return signing_secret


@dataclass(frozen=True, slots=True)
class Checked:
    """Settings that may be stored. secrets: as they will be, not sealed yet; old_secrets: as they are."""

    selection: dict[str, Any]
    config: dict[str, Any]
    secrets: dict[str, str]
    old_secrets: dict[str, str]
    is_http_allowed: bool


def check_settings(access: Access, channel: DeliveryChannel, raw: Mapping[str, Any]) -> Checked:
    """What `raw` says, for a channel that may not be stored yet; nothing is changed. Raises RefusedChangeError."""
    kind = KINDS.get(channel.kind)
    if kind is None:
        detail = f"kind is {echo(raw.get('kind'))}; wanted one of {', '.join(KINDS)}."
        raise RefusedChangeError([Fault("kind", "invalid", detail)])
    specs = specs_of(channel.assignment.profile.entity)
    selection, selection_faults = clean_selection(raw.get("fields"), specs)
    faults: list[HasFault] = [*selection_faults]
    old_secrets = unseal_secrets(access.vault, channel.id, channel.sealed_secrets)
    is_http_allowed = Account.objects.values_list("is_http_allowed", flat=True).get(id=access.account_id)
    try:
        config, secrets = kind.clean_config(
            _settings(raw, channel),
            fields=() if selection_faults else chosen_fields(selection, specs),
            is_http_allowed=is_http_allowed,
            policy=outbound_policy(),
            old_config=channel.config or {},
            old_secrets=old_secrets,
        )
    except ConfigError as error:
        raise RefusedChangeError([*faults, *error.faults]) from error
    refuse_if_any(faults)
    return Checked(selection, config, secrets, old_secrets, is_http_allowed)


def _clean(access: Access, channel: DeliveryChannel, raw: Mapping[str, Any]) -> tuple[dict[str, Any], str | None]:
    """The columns, and the signing secret if there was none before."""
    # What it selects and names is checked against fields that nobody changes meanwhile.
    hold_fields(channel.assignment.profile.entity)
    checked = check_settings(access, channel, raw)
    config, secrets = checked.config, checked.secrets
    values: dict[str, Any] = {
        "fields": checked.selection, "config": config, "max_in_flight": config["max_in_flight"], "rate_per_minute": config["rate_per_minute"],
    }  # fmt: skip
    if secrets != checked.old_secrets:
        values["sealed_secrets"] = seal_secrets(access.vault, channel.id, secrets) if secrets else None
    return values, secrets.get(CURRENT) if CURRENT not in checked.old_secrets else None


def _settings(raw: Mapping[str, Any], channel: DeliveryChannel) -> Mapping[str, Any]:
    given = raw.get("config")
    if isinstance(given, Mapping):
        return given
    raise ConfigError(
        [ChannelFault("config", "invalid", f"config is {echo(given)}; wanted an object with the settings of the kind {channel.kind}.")]
    )
