"""/api/profiles and the assignments in them"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import cached_property
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts import changes
from accounts.access import Access
from accounts.api.body import Body, Line
from accounts.api.resources import Creates, Deletes, Lists, Reads, Replaces, Resource
from accounts.api.views import find
from distribution.api.parts import Caps, Rules
from distribution.models import Assignment, Profile, Strategy
from distribution.profiles import add_assignment, add_profile, change_assignment, change_profile

_SOLAR_WEST = {
    "name": "Solar West",
    "entity": "solar_leads",
    "strategy": "send_to_all",
    "is_enabled": True,
    "rules": {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]},
}
_ASSIGNMENT = {
    "partner": "01990000-0000-7000-8000-000000000000",
    "priority": 10,
    "rules": {},
    "caps": {"day": 100},
    "price": "25.00",
}
_MAX_INT = 2_147_483_647


class EntityId(serializers.CharField):
    def to_representation(self, value: Any) -> str:
        return str(value.id)


@extend_schema_serializer(examples=[OpenApiExample("Solar West", value=_SOLAR_WEST, request_only=True)])
class ProfileBody(Body):
    id = serializers.UUIDField(read_only=True)
    name = Line(max_length=100)
    entity = EntityId(max_length=63, help_text="Slug or id; answers have the id. It stays what it is.")
    entity_slug = serializers.CharField(source="entity.slug", read_only=True)
    entity_name = serializers.CharField(source="entity.name", read_only=True)
    strategy = serializers.ChoiceField(
        Strategy.choices,
        default=Strategy.SEND_TO_ALL,
        help_text="`send_to_all`, or `first_match`: the matching assignment of the highest priority alone.",
    )
    is_enabled = serializers.BooleanField(default=False)
    rules = Rules(default=dict, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class ProfileList(Lists[Profile], Creates[Profile]):
    """Distribution Profiles: for one Entity, which leads (`rules`), to whom (`assignments`), and to how many of them (`strategy`)."""

    serializer_class = ProfileBody

    def rows(self) -> QuerySet[Profile]:
        return Profile.objects.select_related("entity")

    def create(self, access: Access, values: Mapping[str, Any]) -> Profile:
        return add_profile(access, values)


class ProfileDetail(Reads[Profile], Replaces[Profile], Deletes[Profile]):
    """One profile. One that delivered leads cannot be deleted (409): switch `is_enabled` off instead."""

    serializer_class = ProfileBody

    def rows(self) -> QuerySet[Profile]:
        return Profile.objects.select_related("entity")

    def change(self, access: Access, record: Profile, values: Mapping[str, Any]) -> None:
        change_profile(access, record, values)

    def remove(self, access: Access, record: Profile) -> None:
        changes.delete(access, record)


@extend_schema_serializer(examples=[OpenApiExample("A partner in a profile", value=_ASSIGNMENT, request_only=True)])
class AssignmentBody(Body):
    id = serializers.UUIDField(read_only=True)
    profile = serializers.UUIDField(source="profile_id", read_only=True)
    profile_name = serializers.CharField(source="profile.name", read_only=True)
    partner = serializers.UUIDField(source="partner.id", help_text="It stays what it is.")
    partner_name = serializers.CharField(source="partner.name", read_only=True)
    priority = serializers.IntegerField(default=0, min_value=-_MAX_INT, max_value=_MAX_INT, help_text="The highest number comes first.")
    rules = Rules(default=dict, allow_null=True)
    caps = Caps(default=dict, allow_null=True)
    price = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0, default=None, allow_null=True)
    is_enabled = serializers.BooleanField(default=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class AssignmentResource(Resource[Assignment]):
    serializer_class = AssignmentBody

    @cached_property
    def profile(self) -> Profile:
        return find(Profile.objects.select_related("entity"), self.kwargs["profile_id"])

    def rows(self) -> QuerySet[Assignment]:
        return Assignment.objects.filter(profile=self.profile).select_related("partner", "profile__entity")


class AssignmentList(AssignmentResource, Lists[Assignment], Creates[Assignment]):
    """The partners of a profile: priority, rules of their own, caps, price. Each needs a channel before it gets leads."""

    def create(self, access: Access, values: Mapping[str, Any]) -> Assignment:
        return add_assignment(access, self.profile, _with_partner_id(values))


class AssignmentDetail(AssignmentResource, Reads[Assignment], Replaces[Assignment], Deletes[Assignment]):
    """One partner in a profile. One that got a lead cannot be deleted (409): switch `is_enabled` off instead."""

    def change(self, access: Access, record: Assignment, values: Mapping[str, Any]) -> None:
        change_assignment(access, record, _with_partner_id(values))

    def remove(self, access: Access, record: Assignment) -> None:
        changes.delete(access, record)


def _with_partner_id(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value["id"] if name == "partner" else value for name, value in values.items()}
