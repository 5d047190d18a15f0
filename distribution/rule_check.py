"""A rule tried before it is saved: on one lead, condition by condition, and on the last leads of its Entity."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.access import READ_ENCRYPTED, Access
from accounts.faults import RefusedChangeError, refuse_if_any
from accounts.ids import new_id
from distribution.checks import region_of
from distribution.entities import find_named_entity
from distribution.entity_table import specs_of
from distribution.fields import Fault, FieldSpec, compile_cleaner
from distribution.fields.faults import echo
from distribution.past_leads import LeadReader, PastLead, past_leads
from distribution.rules import (
    UNTOLD,
    CompiledRule,
    LeadView,
    RuleError,
    blind_values,
    compile_rule,
    encrypted_keys,
    first_failure,
    outcome_tree,
    parse,
    told_failure,
    view_lead,
)

MAX_COUNTED = 1_000
_MOST_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """rules, lead: as typed. lead, lead_id: one of them, or none to count alone. count_last: of how many leads to count the matching ones."""

    entity: str
    rules: Any
    lead: Any = None
    lead_id: UUID | None = None
    count_last: int | None = None


@dataclass(frozen=True, slots=True)
class OneLead:
    """The lead to try the rule on. faults, warnings: what intake would say of a raw one. tells_encrypted: whether the caller may know how the lead
    stands to conditions on encrypted fields: of one they typed themselves they do."""

    view: LeadView
    came_at: datetime
    tells_encrypted: bool
    faults: tuple[Fault, ...] = ()
    warnings: tuple[str, ...] = ()


def check_rule(access: Access, wanted: CheckRequest) -> dict[str, Any]:
    """{"is_match", "reason", "conditions"} and, of a raw lead, {"faults", "warnings"}; {"matched", "of"} where a count was asked for.

    A stored lead is looked at as of the moment it came. What conditions on encrypted fields say of stored leads is None without the scope
    `read:encrypted`: the value could be found out by trying. Raises RefusedChangeError.
    """
    entity = find_named_entity(wanted.entity)
    specs = specs_of(entity)
    region = region_of(access.account_id)
    try:
        rule = parse(wanted.rules or {}, specs, default_region=region)
    except RuleError as error:
        raise RefusedChangeError(error.faults) from error
    refuse_if_any(_request_faults(wanted))
    compiled = compile_rule(rule, blind=access.vault.blind)
    blind_keys = encrypted_keys([rule])
    reader = LeadReader(access.vault, specs, blind_keys=blind_keys)
    tells_encrypted = READ_ENCRYPTED in access.scopes
    answer: dict[str, Any] = {}
    if wanted.lead_id is not None:
        answer |= _outcome(compiled, _stored_lead(entity.id, wanted.lead_id, reader, tells_encrypted=tells_encrypted))
    elif wanted.lead is not None:
        answer |= _outcome(compiled, _raw_lead(access, wanted.lead, specs, blind_keys, region))
    if wanted.count_last is not None and blind_keys and not tells_encrypted:
        answer |= {"matched": None, "of": None}
    elif wanted.count_last is not None:
        leads = reader.read_all(past_leads(entity.id)[: wanted.count_last])
        matched, of = count_matches(compiled, leads, most_seconds=_MOST_SECONDS)
        answer |= {"matched": matched, "of": of}
    return answer


def count_matches(rule: CompiledRule, leads: Iterable[PastLead], *, most_seconds: float) -> tuple[int, int]:
    """(how many match, of how many). Stops when the time is over: a rule of costly patterns must not hold a worker."""
    until = monotonic() + most_seconds
    matched = of = 0
    for lead in leads:
        matched += rule.matches(lead.view, lead.came_at)
        of += 1
        if monotonic() >= until:
            break
    return matched, of


def _request_faults(wanted: CheckRequest) -> list[Fault]:
    if wanted.lead is not None and wanted.lead_id is not None:
        return [Fault("lead_id", "invalid", "lead_id is given beside lead; wanted one of the two.")]
    if wanted.lead is None and wanted.lead_id is None and wanted.count_last is None:
        return [Fault("lead", "required", "lead is missing; wanted a lead's values, or lead_id, or count_last.")]
    if wanted.lead is not None and not isinstance(wanted.lead, Mapping):
        return [Fault("lead", "invalid", f"lead is {echo(wanted.lead)}; wanted an object of field names and values.")]
    return []


def _stored_lead(entity_id: UUID, lead_id: UUID, reader: LeadReader, *, tells_encrypted: bool) -> OneLead:
    lead = past_leads(entity_id).filter(id=lead_id).first()
    if lead is None:
        raise RefusedChangeError(
            [Fault("lead_id", "does_not_exist", "lead_id is not the id of a lead of this Entity; wanted one of yours.")]
        )
    return OneLead(reader.read(lead).view, lead.created_at, tells_encrypted)


def _raw_lead(access: Access, raw: Mapping[str, Any], specs: tuple[FieldSpec, ...], blind_keys: frozenset[str], region: str) -> OneLead:
    """What does not clean counts as missing."""
    now = timezone.now()
    given = dict(raw)
    # Of the system fields only these two are a sender's to choose.
    status, source = (given.pop(name, None) for name in ("status", "source"))
    cleaned = compile_cleaner(specs, default_region=region).clean(given)
    view = view_lead(
        cleaned.values,
        lead_id=str(new_id()),
        status=status if isinstance(status, str) else "new",
        source=source if isinstance(source, str) else "api",
        created_at=now,
        updated_at=now,
        blind=blind_values(specs, cleaned.sealed, access.vault.blind, only=blind_keys),
    )
    faults = tuple(Fault(f"lead.{fault.attr}", fault.code, fault.detail) for fault in cleaned.faults)
    warnings = tuple(f"{name!r} names no field of this Entity." for name in cleaned.unknown)
    return OneLead(view, now, tells_encrypted=True, faults=faults, warnings=warnings)


def _outcome(rule: CompiledRule, lead: OneLead) -> dict[str, Any]:
    conditions = outcome_tree(rule, lead.view, lead.came_at, tells_encrypted=lead.tells_encrypted)
    return {
        "is_match": conditions["result"],
        "reason": _reason(rule, lead, conditions),
        "conditions": conditions,
        "faults": [{"attr": fault.attr, "code": fault.code, "detail": fault.detail} for fault in lead.faults],
        "warnings": list(lead.warnings),
    }


def _reason(rule: CompiledRule, lead: OneLead, conditions: Mapping[str, Any]) -> str:
    if conditions["result"] is None:
        return f"Whether the rule matches hangs on conditions that are {UNTOLD}."
    if conditions["result"]:
        return "The rule matches."
    if not lead.tells_encrypted:
        return f"{told_failure(conditions)}."
    failure = first_failure(rule, lead.view, lead.came_at)
    assert failure  # the rule does not match
    return f"{failure.words}."
