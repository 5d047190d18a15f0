"""Public forms of Entities: set up by people of the account, found by whoever has the address."""

import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from accounts import changes
from accounts.access import Access, Actor, access_of_account
from accounts.faults import Fault, refuse_if_any
from accounts.isolation import enter_account
from distribution.entity_table import specs_of
from distribution.field_uses import Use
from distribution.fields import FieldSpec
from distribution.fields.faults import echo
from distribution.models import Entity
from intake.models import LeadForm

MAX_ORIGINS = 20
_KEY_BYTES = 24
# An origin as a policy takes it (CSP Level 3, 2.3.1): no path, and nothing that would end the directive. `*.` stands for any one below.
_ORIGIN = re.compile(r"https?://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?", re.ASCII)


def new_form(entity: Entity) -> LeadForm:
    """As a form stands before anybody has set it up; it is not stored. It asks for all that is plain, and for whatever else a lead must have."""
    keys = [spec.key for spec in specs_of(entity) if not spec.is_encrypted or _is_needed(spec)]
    return LeadForm(
        account_id=entity.account_id,
        entity=entity,
        public_key=secrets.token_urlsafe(_KEY_BYTES),
        field_keys=keys,
        title=entity.name,
        button="Send",
        thank_you="Thank you. We will be in touch soon.",
    )


def form_of(entity: Entity) -> LeadForm | None:
    return LeadForm.objects.filter(entity=entity).first()


def set_lead_form(access: Access, entity: Entity, values: Mapping[str, Any]) -> LeadForm:
    """values: is_enabled, field_keys, title, button, thank_you, redirect_url, allowed_origins. Hold the Entity. Raises RefusedChangeError."""
    specs = specs_of(entity)
    wanted = {
        **values,
        "field_keys": [spec.key for spec in specs if spec.key in values["field_keys"]],
        "allowed_origins": list(dict.fromkeys(origin.lower().rstrip("/") for origin in values["allowed_origins"])),
    }
    refuse_if_any(
        [
            *_field_faults(values["field_keys"], specs),
            *_redirect_faults(wanted["redirect_url"]),
            *_origin_faults(wanted["allowed_origins"]),
        ]
    )
    form = form_of(entity)
    if form is not None:
        changes.update(access, form, wanted)
        return form
    form = new_form(entity)
    for name, value in wanted.items():
        setattr(form, name, value)
    changes.create(access, form)
    return form


def change_address(access: Access, form: LeadForm) -> None:
    """The old one leads nowhere from now on."""
    changes.update(access, form, {"public_key": secrets.token_urlsafe(_KEY_BYTES)})


def open_form(public_key: str) -> tuple[Access, LeadForm] | None:
    """The form with that key, if it is switched on, and the right to bring leads by it. Sets its account for the current transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT leadflip_account_of_lead_form(%s)", [public_key])
        account_id = cursor.fetchone()[0]
    if account_id is None:
        return None
    enter_account(account_id)
    form = LeadForm.objects.select_related("account", "entity").prefetch_related("entity__fields").get(public_key=public_key)
    actor = Actor("system", form.id, f"Lead form {form.title}"[:254])
    return access_of_account(form.account, actor=actor, scopes=frozenset({"intake"})), form


def asked_fields(form: LeadForm) -> list[FieldSpec]:
    """In the Entity's order; of a field that the Entity lost, nothing is asked."""
    return [spec for spec in specs_of(form.entity) if spec.key in form.field_keys]


def find_form_uses(entity: Entity) -> Iterator[tuple[str, Use]]:
    """For distribution.field_uses."""
    if form := form_of(entity):
        for key in form.field_keys:
            yield key, Use("lead_form", form.id, "the lead form", "it is no longer asked for", breaks_when_encrypted=False)


def _is_needed(spec: FieldSpec) -> bool:
    return spec.is_required and spec.default is None


def _field_faults(keys: Collection[str], specs: Sequence[FieldSpec]) -> list[Fault]:
    known = {spec.key for spec in specs}
    faults = [Fault("field_keys", "unknown_field", f"{echo(key)} is no field of this Entity.") for key in keys if key not in known]
    if not keys:
        return [Fault("field_keys", "required", "The form asks for nothing; wanted at least one field.")]
    faults += [
        Fault("field_keys", "required", f"{spec.label} is required, and a lead without it is refused: the form has to ask for it.")
        for spec in specs
        if _is_needed(spec) and spec.key not in keys
    ]
    return faults


def _redirect_faults(url: str) -> list[Fault]:
    if not url:
        return []
    wanted = "an address that begins with https://, or none"
    try:
        parts = urlsplit(url)
        is_good = parts.scheme == "https" and bool(_ORIGIN.fullmatch(origin_of(url))) and not parts.username
    except ValueError:
        is_good = False
    is_good = is_good and url.isascii() and url.isprintable() and not set(url) & set(' "<>\\')
    return [] if is_good else [Fault("redirect_url", "invalid", f"The address is {echo(url)}; wanted {wanted}.")]


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL. Raises ValueError."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def _origin_faults(origins: Sequence[str]) -> list[Fault]:
    wanted = "scheme and host, such as https://www.example.com"
    faults = [
        Fault("allowed_origins", "invalid", f"{echo(origin)} is no origin; wanted {wanted}.")
        for origin in origins
        if not _ORIGIN.fullmatch(origin) or len(origin) > 300
    ]
    if len(origins) > MAX_ORIGINS:
        faults.append(Fault("allowed_origins", "too_many", f"There are {len(origins):,} sites; at most {MAX_ORIGINS} are taken."))
    return faults
