"""POST /api/intake: a flat body in, a lead id and where the lead went out."""

from typing import Any

from django.db import transaction
from django.http import QueryDict
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.faults import validation_error
from accounts.api.views import AccountView, access_of, request_id_of
from delivery.wake import wake
from distribution.fields import Fault
from distribution.models import LeadSource
from intake.api.fields import FlatBody, read_flat_body
from intake.api.schema import INTAKE_BODY, IntakeAnswer
from intake.pipeline import IncomingLead, Receipt, Refusal, UnknownEntityError, receive_lead


class IntakeView(AccountView):
    scope = "intake"
    parser_classes = (*APIView.parser_classes, FormParser, MultiPartParser)

    @extend_schema(
        operation_id="intake",
        summary="Send a lead",
        description=(
            "A flat body: `entity` names the Entity, every other key is matched to a field's key or label, ignoring case, spaces, `_` and `-`. "
            "The lead is checked, stored and queued for every partner that gets it before this answers. Keys that name no field are reported in `warnings`."
        ),
        tags=["intake"],
        request={"application/json": INTAKE_BODY, "application/x-www-form-urlencoded": INTAKE_BODY},
        responses={200: IntakeAnswer},
        examples=[
            OpenApiExample(
                "A lead",
                request_only=True,
                value={
                    "entity": "solar_leads",
                    "First Name": "Jane",
                    "email": "jane@example.com",
                    "zip": "90210",
                    "ssn": "078-05-1120",
                },
            )
        ],
    )
    def post(self, request: Request) -> Response:
        if request.query_params.get("dry_run", "0").lower() not in ("", "0", "false", "no"):
            # Storing and sending what was meant as a rehearsal would be the worst of answers.
            detail = "A dry run is not available yet; leave dry_run out to send the lead for real."
            raise validation_error((Fault("dry_run", "not_available", detail),))
        body = read_flat_body(_flat(request.data))
        if body.faults:
            raise validation_error(body.faults)
        lead = IncomingLead(raw=body.raw, status=body.status, note=body.note)
        try:
            answer = receive_lead(access_of(request), body.entity, lead, source=LeadSource.API, request_id=request_id_of(request))
        except UnknownEntityError as error:
            detail = f"There is no entity {body.entity[:50]!r}; wanted the slug or id of one of your entities."
            raise validation_error((Fault("entity", "does_not_exist", detail),)) from error
        if isinstance(answer, Refusal):
            raise validation_error(answer.faults)
        transaction.on_commit(wake)
        shown = _answer(answer, body)
        if "Idempotency-Key" in request.headers:
            shown["warnings"].append("Idempotency-Key is not honoured yet: the same call again stores another lead.")
        return Response(shown)


def _flat(data: Any) -> dict[str, Any]:
    if isinstance(data, QueryDict):
        return {key: values[0] if len(values) == 1 else values for key, values in data.lists()}
    if isinstance(data, dict):
        return data
    raise validation_error((Fault("", "invalid", "The body must be one flat object of keys and values."),))


def _answer(receipt: Receipt, body: FlatBody) -> dict[str, Any]:
    warnings = [f"{key!r} names no field of {body.entity} and was not stored." for key in receipt.unknown]
    return {
        "status": "success",
        "lead_id": str(receipt.lead_id),
        "created_at": receipt.created_at,
        "deliveries": [
            {"id": str(delivery.id), "partner": str(delivery.partner_id), "partner_name": name, "state": delivery.state}
            for delivery, name in receipt.deliveries
        ],
        "warnings": [*body.warnings, *warnings],
    }
