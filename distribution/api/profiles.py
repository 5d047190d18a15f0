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
from distribution.api.parts import Budgets, Caps, Rules
from distribution.duplicates import MAX_WINDOW_DAYS
from distribution.models import Assignment, AtCap, Profile, Strategy
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
    "budgets": {"month": "2500.00"},
    "at_cap": "hold",
}
_MAX_INT = 2_147_483_647
_MAX_SMALL = 32_767


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
        help_text="Who of the matching assignments gets a lead: `send_to_all`, every one; `first_match`, that of the highest priority; "
        "`round_robin`, that which has waited longest; `weighted`, each its share by `weight`; `highest_price`, that which pays most. One whose "
        "caps are full is passed over, unless its `at_cap` says otherwise.",
    )
    max_partners = serializers.IntegerField(
        min_value=1,
        max_value=_MAX_SMALL,
        default=None,
        allow_null=True,
        help_text="`send_to_all`: at most so many get one lead, those of the highest priority; null for all.",
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
    budgets = Budgets(default=dict, allow_null=True)
    at_cap = serializers.ChoiceField(
        AtCap.choices,
        default=AtCap.SKIP,
        help_text="When a cap or budget is full: `skip`, it gets no lead; `hold`, its lead waits until the cap begins anew and has room; "
        "`overflow`, its lead goes to `overflow_to`, if the rules of that match and it has room.",
    )
    overflow_to = serializers.UUIDField(
        source="overflow_to_id", default=None, allow_null=True, help_text="Id of another assignment of this profile."
    )
    repeat_days = serializers.IntegerField(
        min_value=1,
        max_value=MAX_WINDOW_DAYS,
        default=None,
        allow_null=True,
        help_text="The same person, by the match keys of the entity's `duplicates`, is not sent again within so many days.",
    )
    weight = serializers.IntegerField(min_value=1, max_value=1000, default=1, help_text="`weighted`: its share beside the others'.")
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
    """The partners of a profile: priority, rules of their own, caps, price, budgets. Each needs a channel before it gets leads."""

    def create(self, access: Access, values: Mapping[str, Any]) -> Assignment:
        return add_assignment(access, self.profile, _with_ids(values))


class AssignmentDetail(AssignmentResource, Reads[Assignment], Replaces[Assignment], Deletes[Assignment]):
    """One partner in a profile. One that got a lead cannot be deleted (409): switch `is_enabled` off instead."""

    def change(self, access: Access, record: Assignment, values: Mapping[str, Any]) -> None:
        change_assignment(access, record, _with_ids(values))

    def remove(self, access: Access, record: Assignment) -> None:
        changes.delete(access, record)


def _with_ids(values: Mapping[str, Any]) -> dict[str, Any]:
    named = {name.removesuffix("_id"): value for name, value in values.items()}
    return {**named, "partner": named["partner"]["id"]} if "partner" in named else named
