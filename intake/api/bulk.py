"""POST /api/leads/bulk: up to a thousand leads of one Entity in one call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.faults import validation_error
from accounts.api.views import access_of, request_id_of
from accounts.faults import refuse_if_any
from delivery.wake import wake
from distribution.entities import no_such_entity
from distribution.fields import Fault
from distribution.fields.faults import cut, echo
from distribution.models import LeadSource
from intake.answers import receipt_json, warnings_of
from intake.api.fields import MAX_NOTE, is_storable, read_flat_body
from intake.api.once import Done, OnceView
from intake.api.schema import BULK_BODY, IDEMPOTENCY_KEY, BulkAnswer
from intake.pipeline import Answer, IncomingLead, Refusal, UnknownEntityError, receive_leads

MAX_BATCH = 1_000
_KEYS = ("entity", "batch", "source", "note", "atomic")


@dataclass(frozen=True, slots=True)
class _Bulk:
    """leads: None at the place of one whose faults stand in `refused`."""

    entity: str
    leads: Sequence[IncomingLead | None]
    source: str
    is_atomic: bool
    refused: Mapping[int, Refusal]
    warnings: Mapping[int, tuple[str, ...]]


class BulkView(OnceView):
    scope = "intake"
    max_body_bytes = settings.BULK_MAX_BYTES

    @extend_schema(
        operation_id="intake_bulk",
        summary="Send many leads",
        description=(
            "Up to 1,000 leads of one Entity, each a flat object as `POST /api/intake` takes it. One faulty lead does not sink the rest: it is named in "
            "`errors`, and the others are stored and sent, all in one transaction; with `atomic` it is all or nothing. At most 10 MiB."
        ),
        tags=["intake"],
        parameters=[IDEMPOTENCY_KEY],
        request={"application/json": BULK_BODY},
        responses={200: BulkAnswer},
        examples=[
            OpenApiExample(
                "Two leads",
                request_only=True,
                value={
                    "entity": "solar_leads",
                    "batch": [{"First Name": "Jane", "zip": "90210"}, {"First Name": "Ravi", "zip": "94016"}],
                    "source": "api",
                    "note": "From the spring fair",
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        bulk = _read(request.data)
        return self.once(request, lambda: _take_in(request, bulk))


def _take_in(request: Request, bulk: _Bulk) -> Done:
    good = [lead for lead in bulk.leads if lead is not None]
    try:
        taken = iter(
            receive_leads(access_of(request), bulk.entity, good, source=bulk.source, request_id=request_id_of(request)) if good else []
        )
    except UnknownEntityError as error:
        raise validation_error((no_such_entity(bulk.entity),)) from error
    answers = [bulk.refused[index] if lead is None else next(taken) for index, lead in enumerate(bulk.leads)]
    faults = [(index, fault) for index, answer in enumerate(answers) if isinstance(answer, Refusal) for fault in answer.faults]
    if bulk.is_atomic and faults:
        raise validation_error([replace(fault, attr=f"batch.{index}.{fault.attr}".rstrip(".")) for index, fault in faults])
    transaction.on_commit(wake)
    created = _created(bulk, answers)
    shown = {
        "status": "success" if not faults else "partial" if created else "failed",
        "created": created,
        "errors": [{"index": index, "field": fault.attr, "code": fault.code, "reason": fault.detail} for index, fault in faults],
        "warnings": [],
    }
    return Done(shown, [UUID(one["lead_id"]) for one in created])


def _created(bulk: _Bulk, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [
        {"index": index, **receipt_json(answer), "warnings": [*bulk.warnings.get(index, ()), *warnings_of(answer, bulk.entity)]}
        for index, answer in enumerate(answers)
        if not isinstance(answer, Refusal)
    ]


def _read(data: Any) -> _Bulk:
    if not isinstance(data, Mapping):
        raise validation_error((Fault("", "invalid", "The body must be one object with entity and batch."),))
    faults = [
        Fault(cut(key), "unknown", f"{echo(key)} means nothing here; wanted any of {', '.join(_KEYS)}.") for key in data if key not in _KEYS
    ]
    entity, batch = data.get("entity"), data.get("batch")
    source, note, is_atomic = data.get("source", LeadSource.API), data.get("note") or "", data.get("atomic", False)
    if not (isinstance(entity, str) and entity and is_storable(entity)):
        faults.append(Fault("entity", "required", "entity is missing; wanted the slug or id of one of your entities."))
    if not (isinstance(batch, list) and 1 <= len(batch) <= MAX_BATCH):
        size = f"has {len(batch):,} leads" if isinstance(batch, list) else f"is {echo(batch)}"
        faults.append(Fault("batch", "invalid", f"batch {size}; wanted a list of 1 to {MAX_BATCH:,} leads."))
    if source not in LeadSource.values:
        faults.append(Fault("source", "invalid", f"source is {echo(source)}; wanted any of {', '.join(LeadSource.values)}."))
    if not (isinstance(note, str) and len(note) <= MAX_NOTE):
        faults.append(Fault("note", "invalid", f"note is {echo(note)}; wanted a text of at most {MAX_NOTE:,} characters."))
    if not isinstance(is_atomic, bool):
        faults.append(Fault("atomic", "invalid", f"atomic is {echo(is_atomic)}; wanted true or false."))
    refuse_if_any(faults)
    return _read_batch(str(entity), batch or [], str(source), str(note), is_atomic=bool(is_atomic))


def _read_batch(entity: str, batch: Sequence[Any], source: str, note: str, *, is_atomic: bool) -> _Bulk:
    leads: list[IncomingLead | None] = []
    refused: dict[int, Refusal] = {}
    warnings: dict[int, tuple[str, ...]] = {}
    for index, raw in enumerate(batch):
        if not isinstance(raw, Mapping):
            refused[index] = Refusal((Fault("", "invalid", f"A lead is {echo(raw)}; wanted an object of field names and values."),))
        else:
            body = read_flat_body({"entity": entity, **raw})
            faults = body.faults
            if body.entity != entity:
                faults = (*faults, Fault("entity", "invalid", f"entity is {echo(body.entity)}; wanted that of the batch or none."))
            if faults:
                refused[index] = Refusal(faults)
            warnings[index] = body.warnings
        leads.append(None if index in refused else IncomingLead(body.raw, body.status, body.note or note))
    return _Bulk(entity, leads, source, is_atomic, refused, warnings)
