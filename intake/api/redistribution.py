"""POST /api/leads/{id}/redistribute"""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer, Body
from accounts.api.views import AccountView, access_of, find
from delivery.api.leads import DecisionAnswer
from distribution.models import Lead
from intake.answers import deliveries_json
from intake.api.schema import IntakeDelivery
from intake.redistributing import redistribute

_ID = "01990000-0000-7000-8000-000000000000"
_DELIVERY = {"id": _ID, "partner": _ID, "partner_name": "Helios Direct", "state": "queued"}


@extend_schema_serializer(
    examples=[OpenApiExample("Who would get it now?", value={"sends_again": False, "dry_run": True}, request_only=True)]
)
class RedistributionBody(Body):
    sends_again = serializers.BooleanField(default=False, help_text="Also to partners who have the lead already, or are about to get it.")
    dry_run = serializers.BooleanField(default=False, help_text="Say what would happen; store and send nothing.")


@extend_schema_serializer(
    examples=[OpenApiExample("Sent", value={"lead_id": _ID, "deliveries": [_DELIVERY], "decisions": []}, response_only=True)]
)
class RedistributionAnswer(Answer):
    lead_id = serializers.UUIDField()
    deliveries = IntakeDelivery(many=True, help_text="The new ones.")
    decisions = DecisionAnswer(many=True, help_text="One per profile.")


class LeadRedistribution(AccountView):
    """Send a lead through the profiles of its Entity once more, as they are now. What was decided and sent before stays on record.

    409 when the lead was erased, or no profile is switched on.
    """

    @extend_schema(summary="Distribute a lead again", tags=["leads"], request=RedistributionBody, responses={200: RedistributionAnswer})
    def post(self, request: Request, id: str) -> Response:  # noqa: A002 - the name that all addresses use
        lead = find(Lead.objects.select_related("entity"), id)
        body = RedistributionBody(data=request.data)
        body.is_valid(raise_exception=True)
        made = redistribute(access_of(request), lead, sends_again=body.validated_data["sends_again"])
        answer: dict[str, Any] = {
            "lead_id": str(lead.id),
            "deliveries": deliveries_json(made.deliveries),
            "decisions": [decision.as_json() for decision in made.decisions],
        }
        if body.validated_data["dry_run"]:
            transaction.set_rollback(True)
        return Response(answer)
