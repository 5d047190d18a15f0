from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import TabularInline

from accounts.admin_base import AccountAdmin, ReadOnlyAdmin
from distribution.entity_table import specs_of
from distribution.fields.exact_json import dump
from distribution.lead_values import arrange
from distribution.models import Assignment, CapCounter, Decision, Entity, Field, Lead, Partner, Profile
from distribution.partners import clean_partner
from distribution.profiles import clean_assignment, clean_profile


class FieldInline(TabularInline):  # type: ignore[misc]  # unfold has no types
    model = Field
    fields = readonly_fields = ("key", "label", "type", "is_required", "is_encrypted", "position")
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Entity)
class EntityAdmin(ReadOnlyAdmin):
    """Changed by the API, which checks the fields as one list."""

    list_display = ("name", "slug", "created_at")
    inlines = (FieldInline,)


@admin.register(Field)
class FieldAdmin(ReadOnlyAdmin):
    list_display = ("key", "entity", "label", "type", "is_required", "is_encrypted")
    list_filter = ("type", "is_encrypted")
    list_select_related = ("entity",)


@admin.register(Lead)
class LeadAdmin(ReadOnlyAdmin):
    """Encrypted values are not shown here, to nobody; also where they wait to be sealed."""

    list_display = ("id", "entity", "source", "status", "created_at")
    list_filter = ("source",)
    list_select_related = ("entity",)
    exclude = ("account", "values", "sealed", "wrapped_key")
    readonly_fields = ("plain_values",)

    @admin.display(description="Values")
    def plain_values(self, lead: Lead) -> str:
        plain, _ = arrange(specs_of(lead.entity), lead.values, {})
        return dump(plain).decode()


@admin.register(Partner)
class PartnerAdmin(AccountAdmin):
    list_display = ("name", "email", "time_zone", "is_active")
    list_filter = ("is_active",)
    search_fields = ("name", "email")

    def check_values(self, record: Partner, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return clean_partner(record, values)


class AssignmentInline(TabularInline):  # type: ignore[misc]  # unfold has no types
    model = Assignment
    fields = readonly_fields = ("partner", "priority", "price", "is_enabled")
    extra = 0
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return Assignment.objects.select_related("partner")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Profile)
class ProfileAdmin(AccountAdmin):
    list_display = ("name", "entity", "strategy", "is_enabled")
    list_filter = ("is_enabled", "strategy")
    list_select_related = ("entity",)
    search_fields = ("name",)
    inlines = (AssignmentInline,)

    def check_values(self, record: Profile, values: Mapping[str, Any]) -> Mapping[str, Any]:
        named = {"entity": str(values["entity"].id)} if "entity" in values else {}
        return clean_profile(record, {**values, **named})

    def get_readonly_fields(self, request: HttpRequest, obj: Profile | None = None) -> tuple[str, ...]:
        return ("entity",) if obj else ()


@admin.register(Assignment)
class AssignmentAdmin(AccountAdmin):
    list_display = ("partner", "profile", "priority", "weight", "price", "at_cap", "is_enabled")
    list_filter = ("is_enabled", "at_cap")
    # A list of all assignments would name the partner of each, one query after the other.
    raw_id_fields = ("overflow_to",)
    list_select_related = ("partner", "profile")

    def check_values(self, record: Assignment, values: Mapping[str, Any]) -> Mapping[str, Any]:
        if "profile" in values:
            record.profile = values["profile"]
        ids = {name: getattr(values[name], "id", None) for name in ("partner", "overflow_to") if name in values}
        return clean_assignment(record, {**values, **ids})

    def get_readonly_fields(self, request: HttpRequest, obj: Assignment | None = None) -> tuple[str, ...]:
        return ("profile", "partner") if obj else ()


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("lead", "profile_name", "is_matched", "created_at")
    list_filter = ("is_matched",)
    list_select_related = ("lead",)


@admin.register(CapCounter)
class CapCounterAdmin(ReadOnlyAdmin):
    list_display = ("subject", "subject_id", "measure", "period", "starts_at", "used")
    list_filter = ("subject", "measure", "period")
