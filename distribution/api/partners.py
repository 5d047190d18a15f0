"""/api/partners"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import changes
from accounts.access import Access
from accounts.api.body import Answer, Body, Line
from accounts.api.resources import Creates, Deletes, Lists, Reads, Replaces, Resource
from distribution.api.parts import Budgets, Caps
from distribution.caps import MEASURES, PERIODS, amount_shown
from distribution.limits import LimitState, states_of_limits
from distribution.models import Partner
from distribution.partners import add_partner, change_partner

_HELIOS = {
    "name": "Helios Direct",
    "email": "leads@helios.test",
    "time_zone": "America/Los_Angeles",
    "caps": {"day": 500},
    "budgets": {"month": "25000.00"},
}
_USAGE = {
    "partner": "01990000-0000-7000-8000-000000000000",
    "partner_name": "Helios Direct",
    "time_zone": "America/Los_Angeles",
    "limits": [
        {
            "subject": "partner",
            "assignment": None,
            "profile": None,
            "profile_name": None,
            "measure": "leads",
            "period": "day",
            "used": 12,
            "limit": 500,
            "starts_at": "2026-11-24T08:00:00Z",
            "resets_at": "2026-11-25T08:00:00Z",
        }
    ],
}


@extend_schema_serializer(examples=[OpenApiExample("Helios Direct", value=_HELIOS, request_only=True)])
class PartnerBody(Body):
    id = serializers.UUIDField(read_only=True)
    name = Line(max_length=100)
    email = serializers.CharField(
        max_length=254, default="", allow_blank=True, help_text="Where mails go when a channel names no recipients."
    )
    phone = serializers.CharField(max_length=32, default="", allow_blank=True, help_text="Kept in E.164.")
    time_zone = serializers.CharField(max_length=64, default="UTC", help_text="An IANA name; caps and digests go by it.")
    tags = serializers.ListField(child=Line(max_length=50), max_length=50, default=list)
    notes = serializers.CharField(max_length=10_000, default="", allow_blank=True)
    is_active = serializers.BooleanField(default=True, help_text="An inactive partner gets no new leads.")
    caps = Caps(default=dict, allow_null=True)
    budgets = Budgets(default=dict, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class PartnerList(Lists[Partner], Creates[Partner]):
    """Who receives leads. One partner serves every profile."""

    serializer_class = PartnerBody

    def rows(self) -> QuerySet[Partner]:
        return Partner.objects.all()

    def create(self, access: Access, values: Mapping[str, Any]) -> Partner:
        return add_partner(access, values)


class PartnerDetail(Reads[Partner], Replaces[Partner], Deletes[Partner]):
    """One partner. One that is in a profile, or got a lead, cannot be deleted (409): switch `is_active` off instead."""

    serializer_class = PartnerBody

    def rows(self) -> QuerySet[Partner]:
        return Partner.objects.all()

    def change(self, access: Access, record: Partner, values: Mapping[str, Any]) -> None:
        change_partner(access, record, values)

    def remove(self, access: Access, record: Partner) -> None:
        changes.delete(access, record)


class LimitAnswer(Answer):
    """One cap or budget in its present period. assignment and profile are null where it is the partner's own."""

    subject = serializers.ChoiceField(["partner", "assignment"], source="limit.subject")
    assignment = serializers.UUIDField(source="assignment.id", default=None, allow_null=True)
    profile = serializers.UUIDField(source="assignment.profile_id", default=None, allow_null=True)
    profile_name = serializers.CharField(source="assignment.profile.name", default=None, allow_null=True)
    measure = serializers.ChoiceField(MEASURES, source="limit.measure", help_text="`leads` for a cap, `money` for a budget.")
    period = serializers.ChoiceField(PERIODS, source="limit.period")
    used = serializers.SerializerMethodField(help_text="Leads, or money as a text with two decimals.")
    limit = serializers.SerializerMethodField(help_text="As `used`.")
    starts_at = serializers.DateTimeField(help_text="In `total` the beginning of 1970.")
    resets_at = serializers.DateTimeField(allow_null=True, help_text="null: never.")

    def get_used(self, state: LimitState) -> int | str:
        return amount_shown(state.used, state.limit.measure)

    def get_limit(self, state: LimitState) -> int | str:
        return amount_shown(state.limit.most, state.limit.measure)


@extend_schema_serializer(examples=[OpenApiExample("Helios Direct", value=_USAGE, response_only=True)])
class UsageAnswer(Answer):
    """The partner's own limits first, then those of its assignments."""

    partner = serializers.UUIDField(source="partner.id")
    partner_name = serializers.CharField(source="partner.name")
    time_zone = serializers.CharField(source="partner.time_zone")
    limits = LimitAnswer(many=True)


class PartnerUsage(Resource[Partner]):
    """How much of its caps and budgets is used in their present periods: the partner's own, and those of its assignments. Leads that are held
    for a later period count in that one."""

    serializer_class = UsageAnswer

    def rows(self) -> QuerySet[Partner]:
        return Partner.objects.all()

    @extend_schema(summary="How much of a partner's caps and budgets is used")
    def get(self, request: Request, **_: str) -> Response:
        partner = self.found()
        return Response(UsageAnswer({"partner": partner, "limits": states_of_limits(partner, timezone.now())}).data)
