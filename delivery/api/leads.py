"""/api/leads"""

from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import Access
from accounts.api.body import Answer
from accounts.api.filters import FROM_TO, Filters
from accounts.api.resources import Deletes, Lists, Reads
from accounts.api.views import access_of, find
from delivery.api.deliveries import DeliveryRow, with_names
from delivery.erasure import erase_lead
from delivery.leads import show_values
from delivery.models import Delivery
from distribution.entities import find_named_entity
from distribution.entity_table import specs_of
from distribution.fields import lead_name
from distribution.models import Decision, Lead, LeadSource


class AssignmentDecisionAnswer(Answer):
    assignment = serializers.UUIDField()
    partner = serializers.UUIDField()
    partner_name = serializers.CharField()
    is_chosen = serializers.BooleanField()
    code = serializers.CharField(
        help_text="`chosen`, `profile_rule`, `disabled`, `partner_inactive`, `rule`, `no_channel`, `duplicate`, `cap`, `overflow`, `lost_to`; "
        "`tried` where the lead moved on."
    )
    reason = serializers.CharField(help_text="In words.")
    details = serializers.DictField()


class DecisionAnswer(Answer):
    """What routing decided in one profile, with the reason for every assignment."""

    profile = serializers.UUIDField()
    profile_name = serializers.CharField()
    strategy = serializers.CharField()
    is_matched = serializers.BooleanField(help_text="Whether the profile's rules match.")
    reason = serializers.CharField()
    details = serializers.DictField()
    assignments = AssignmentDecisionAnswer(many=True)

    def to_representation(self, instance: Decision) -> Any:
        # Stored as it is answered: distribution.routing.Decision.as_json.
        return instance.detail


class LeadAnswer(Answer):
    """One lead, where it went and why."""

    id = serializers.UUIDField()
    entity = serializers.UUIDField()
    entity_slug = serializers.CharField()
    entity_name = serializers.CharField()
    lead_name = serializers.CharField()
    source_ = serializers.ChoiceField(LeadSource.choices)
    status = serializers.CharField()
    note = serializers.CharField()
    values = serializers.DictField(help_text="By the fields' keys.")
    encrypted_fields = serializers.ListField(
        child=serializers.CharField(), help_text="Keys of encrypted fields; their values are null without the scope `read:encrypted`."
    )
    request_id = serializers.CharField(help_text="`X-Request-Id` of the request that brought it.")
    duplicate_of = serializers.UUIDField(allow_null=True, help_text="The lead it repeats; stored and sent all the same.")
    repeats = serializers.IntegerField(help_text="How often it came again without being stored anew.")
    last_repeat_at = serializers.DateTimeField(allow_null=True)
    erased_at = serializers.DateTimeField(allow_null=True, help_text="Since when its values are gone for good.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    deliveries = DeliveryRow(many=True)
    decisions = DecisionAnswer(many=True)

    def to_representation(self, instance: Lead) -> dict[str, Any]:
        entity = instance.entity
        shown = show_values(access_of(self.context["request"]), instance)
        return {
            "id": str(instance.id),
            "entity": str(entity.id),
            "entity_slug": entity.slug,
            "entity_name": entity.name,
            "lead_name": lead_name(specs_of(entity), instance.values, entity.display_field),
            "source": instance.source,
            "status": instance.status,
            "note": instance.note,
            "values": shown.values,
            "encrypted_fields": shown.encrypted_keys,
            "request_id": instance.request_id,
            "duplicate_of": instance.duplicate_of_id,
            "repeats": instance.repeats,
            "last_repeat_at": instance.last_repeat_at,
            "erased_at": instance.erased_at,
            "created_at": instance.created_at,
            "updated_at": instance.updated_at,
            "deliveries": DeliveryRow(instance.deliveries.all(), many=True).data,
            "decisions": DecisionAnswer(instance.decisions.all(), many=True).data,
        }


def _leads() -> QuerySet[Lead]:
    deliveries = with_names(Delivery.objects.order_by("id"))
    return Lead.objects.select_related("entity").prefetch_related(
        "entity__fields",
        Prefetch("deliveries", deliveries),
        Prefetch("decisions", Decision.objects.order_by("id")),
    )


class LeadList(Lists[Lead]):
    """Leads with where they went (`deliveries`) and why (`decisions`)."""

    serializer_class = LeadAnswer

    def rows(self) -> QuerySet[Lead]:
        filters = Filters(self.request)
        wanted: dict[str, Any] = {
            "created_at__gte": filters.moment("from"),
            "created_at__lt": filters.moment("to"),
            "source__in": filters.choices("source", LeadSource.values),
        }
        filters.check()
        if name := self.request.query_params.get("entity"):
            wanted["entity"] = find_named_entity(name)
        return _leads().filter(**{name: value for name, value in wanted.items() if value})

    @extend_schema(
        parameters=[
            OpenApiParameter("entity", OpenApiTypes.STR, description="Slug or id."),
            OpenApiParameter("source", OpenApiTypes.STR, enum=LeadSource.values, description="One or several, separated by commas."),
            *FROM_TO,
        ]
    )
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)


class LeadDetail(Reads[Lead], Deletes[Lead]):
    """One lead with where it went (`deliveries`) and why (`decisions`).

    `DELETE` erases it for good: its values, its note and its key, and with the key every body in the log that was made from it. Deliveries that
    wait are cancelled; one that is being sent at that moment may still arrive. The lead stays, empty, with `erased_at`, its deliveries and tries
    with their times and states, and the decisions without values. Erasing it again answers 204 as well."""

    serializer_class = LeadAnswer

    def rows(self) -> QuerySet[Lead]:
        return _leads()

    def found(self) -> Lead:
        # Not locked here: erasing locks it, and less strictly.
        return find(self.rows(), self.kwargs["id"])

    def remove(self, access: Access, record: Lead) -> None:
        erase_lead(access, record)
