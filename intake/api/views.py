"""POST /api/intake: a flat body in, a lead id and where the lead went out."""

from typing import Any

from django.db import transaction
from django.http import QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.faults import validation_error
from accounts.api.views import access_of, request_id_of
from delivery.wake import wake
from distribution.entities import no_such_entity
from distribution.fields import Fault
from distribution.models import LeadSource
from intake.answers import receipt_json, warnings_of
from intake.api.fields import FlatBody, read_flat_body
from intake.api.once import Done, OnceView
from intake.api.schema import IDEMPOTENCY_KEY, INTAKE_BODY, IntakeAnswer
from intake.dry_run import rehearse
from intake.pipeline import Answer, IncomingLead, Receipt, Refusal, Repeat, UnknownEntityError, receive_lead

_NO = ("", "0", "false", "no")


class IntakeView(OnceView):
    scope = "intake"
    parser_classes = (*APIView.parser_classes, FormParser, MultiPartParser)

    @extend_schema(
        operation_id="intake",
        summary="Send a lead",
        description=(
            "A flat body: `entity` names the Entity, every other key is matched to a field's key or label, ignoring case, spaces, `_` and `-`. "
            "The lead is checked, stored and queued for every partner that gets it before this answers. Keys that name no field are reported in `warnings`. "
            "With `dry_run=1` nothing is stored and nothing sent: the answer says what would happen, with the Decision for every assignment and the very "
            "request or mail each partner would get, secrets and encrypted values masked."
        ),
        tags=["intake"],
        parameters=[
            OpenApiParameter("dry_run", OpenApiTypes.STR, enum=["0", "1"], description="1: a rehearsal."),
            IDEMPOTENCY_KEY,
        ],
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
        body = read_flat_body(_flat(request.data))
        if body.faults:
            raise validation_error(body.faults)
        if request.query_params.get("dry_run", "0").lower() not in _NO:
            answer = self._receive(request, body)
            shown = {
                "status": "dry_run",
                **rehearse(access_of(request), answer),
                "warnings": [*body.warnings, *warnings_of(answer, body.entity)],
            }
            transaction.set_rollback(True)
            return Response(shown)
        return self.once(request, lambda: self._take_in(request, body))

    def _take_in(self, request: Request, body: FlatBody) -> Done:
        answer = self._receive(request, body)
        transaction.on_commit(wake)
        warnings = [*body.warnings, *warnings_of(answer, body.entity)]
        return Done({"status": "success", **receipt_json(answer), "warnings": warnings}, [answer.lead_id])

    def _receive(self, request: Request, body: FlatBody) -> Receipt | Repeat:
        lead = IncomingLead(raw=body.raw, status=body.status, note=body.note)
        try:
            answer: Answer = receive_lead(access_of(request), body.entity, lead, source=LeadSource.API, request_id=request_id_of(request))
        except UnknownEntityError as error:
            raise validation_error((no_such_entity(body.entity),)) from error
        if isinstance(answer, Refusal):
            raise validation_error(answer.faults)
        return answer


def _flat(data: Any) -> dict[str, Any]:
    if isinstance(data, QueryDict):
        return {key: values[0] if len(values) == 1 else values for key, values in data.lists()}
    if isinstance(data, dict):
        return data
    raise validation_error((Fault("", "invalid", "The body must be one flat object of keys and values."),))
