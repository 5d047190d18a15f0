"""/api/entities"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from accounts import changes
from accounts.access import Access
from accounts.api.body import Answer, Body, Line
from accounts.api.resources import Creates, Deletes, Lists, Reads, Replaces
from distribution.api.parts import Anything, Duplicates
from distribution.entities import EntityChange, add_entity, change_entity, find_entity
from distribution.fields import FIELD_TYPES
from distribution.models import Entity
from distribution.models.entity import no_duplicates_rule
from distribution.retention import MAX_DAYS

_SOLAR = {
    "name": "Solar Leads",
    "slug": "solar_leads",
    "fields": [
        {"key": "first_name", "label": "First name", "type": "text", "required": True},
        {"key": "email", "label": "Email", "type": "email"},
        {"key": "zip", "label": "ZIP", "type": "text"},
        {"key": "budget", "label": "Budget", "type": "number"},
        {"key": "ssn", "label": "SSN", "type": "text", "is_encrypted": True},
    ],
}


class FieldAnswer(Answer):
    """One field. `distribution.fields` checks what comes in; this says what goes out."""

    id = serializers.UUIDField(read_only=True)
    key = serializers.CharField(max_length=63, help_text="A small letter, then small letters, digits and `_`.")
    label_ = serializers.CharField(required=False, max_length=200, help_text="For people. Made from the key where it is left out.")
    type = serializers.ChoiceField([(name, name) for name in FIELD_TYPES])
    required_ = serializers.BooleanField(source="is_required", default=False)
    default = Anything(required=False, allow_null=True, help_text="Taken where a lead brings no value.")
    options = Anything(
        required=False,
        help_text='By type. text, textarea: `{"max_length"}`; number: `{"min", "max", "step"}`; select, multi_select: '
        '`{"choices": [{"value", "label"}]}` or a list of texts.',
    )
    is_encrypted = serializers.BooleanField(
        default=False, help_text="Its values are sealed, and masked without the scope `read:encrypted`."
    )
    position = serializers.IntegerField(required=False, min_value=0, max_value=32_767, help_text="The order of the list where left out.")


@extend_schema_field(FieldAnswer(many=True))
class Fields(serializers.Field[Any, Any, Any, Any]):
    """The list as it came: `distribution.fields` checks it, and tells every fault at its path."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return FieldAnswer(value.all(), many=True).data


@extend_schema_serializer(examples=[OpenApiExample("Solar leads", value=_SOLAR, request_only=True)])
class EntityBody(Body):
    not_always = frozenset({"warnings", "job"})

    id = serializers.UUIDField(read_only=True)
    name = Line(max_length=100)
    slug = serializers.CharField(
        max_length=63, default="", allow_blank=True, help_text="What `POST /api/intake` calls it. Made from the name where it is left out."
    )
    display_field = serializers.CharField(max_length=63, default="", allow_blank=True, help_text="Key of the field that names a lead.")
    duplicates = Duplicates(default=no_duplicates_rule, allow_null=True)
    retention_days = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=MAX_DAYS,
        help_text="Leads that are older are erased for good, once a day. null keeps them. What would go: `GET /api/entities/{id}/retention?days=30`.",
    )
    fields_ = Fields()
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    warnings = serializers.ListField(
        child=serializers.CharField(), read_only=True, help_text="Only where a change was forced: what stops working, in words."
    )
    job = serializers.UUIDField(
        read_only=True,
        help_text="Only where this change switched a field to encrypted or back: the job that moves the values stored before, "
        "`GET /api/jobs/{id}`. They are masked, or shown, by the new setting at once.",
    )


class EntityList(Lists[Entity], Creates[Entity]):
    """What a lead is for this account: a name and an ordered list of fields."""

    serializer_class = EntityBody

    def rows(self) -> QuerySet[Entity]:
        return Entity.objects.prefetch_related("fields")

    def create(self, access: Access, values: Mapping[str, Any]) -> Entity:
        return add_entity(access, values)


_FORCE = OpenApiParameter("force", OpenApiTypes.STR, enum=["0", "1"], description="1: change fields that are in use, too.")


@extend_schema_view(patch=extend_schema(parameters=[_FORCE]), put=extend_schema(parameters=[_FORCE]))
class EntityDetail(Reads[Entity], Replaces[Entity], Deletes[Entity]):
    """One Entity, by its slug or its id. `fields`, where given, replaces the whole list; a field is known again by its key and keeps its id.
    An Entity that has leads or profiles cannot be deleted (409).

    A change that removes a field, changes its type or encrypts it is refused while a rule or a channel still needs it as it was (`in_use`, naming
    each), and so is taking away the match keys while an assignment has `repeat_days`; with `?force=1` it is made, and `warnings` says what stops working."""

    serializer_class = EntityBody
    made: EntityChange | None = None

    def rows(self) -> QuerySet[Entity]:
        return Entity.objects.all()

    def found(self) -> Entity:
        entity = find_entity(self.kwargs["id"], is_to_change=self.request.method != "GET")
        if entity is None:
            raise NotFound
        return entity

    def change(self, access: Access, record: Entity, values: Mapping[str, Any]) -> None:
        is_forced = self.request.query_params.get("force", "").lower() in {"1", "true"}
        self.made = change_entity(access, record, values, is_forced=is_forced)

    def answer(self, record: Entity, *, code: int = status.HTTP_200_OK, **more: Any) -> Response:
        if self.made and self.made.resealing:
            more["job"] = str(self.made.resealing.id)
        if self.made and self.made.warnings:
            more["warnings"] = self.made.warnings
        return super().answer(record, code=code, **more)

    def remove(self, access: Access, record: Entity) -> None:
        changes.delete(access, record)
