"""/api/entities"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound

from accounts import changes
from accounts.access import Access
from accounts.api.body import Answer, Body, Line
from accounts.api.resources import Creates, Deletes, Lists, Reads, Replaces
from distribution.api.parts import Anything
from distribution.entities import add_entity, change_entity, find_entity
from distribution.fields import FIELD_TYPES
from distribution.models import Entity

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
    id = serializers.UUIDField(read_only=True)
    name = Line(max_length=100)
    slug = serializers.CharField(
        max_length=63, default="", allow_blank=True, help_text="What `POST /api/intake` calls it. Made from the name where it is left out."
    )
    display_field = serializers.CharField(max_length=63, default="", allow_blank=True, help_text="Key of the field that names a lead.")
    fields_ = Fields()
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class EntityList(Lists[Entity], Creates[Entity]):
    """What a lead is for this account: a name and an ordered list of fields."""

    serializer_class = EntityBody

    def rows(self) -> QuerySet[Entity]:
        return Entity.objects.prefetch_related("fields")

    def create(self, access: Access, values: Mapping[str, Any]) -> Entity:
        return add_entity(access, values)


class EntityDetail(Reads[Entity], Replaces[Entity], Deletes[Entity]):
    """One Entity, by its slug or its id. `fields`, where given, replaces the whole list; a field is known again by its key and keeps its id.
    An Entity that has leads or profiles cannot be deleted (409)."""

    serializer_class = EntityBody

    def rows(self) -> QuerySet[Entity]:
        return Entity.objects.all()

    def found(self) -> Entity:
        entity = find_entity(self.kwargs["id"], is_to_change=self.request.method != "GET")
        if entity is None:
            raise NotFound
        return entity

    def change(self, access: Access, record: Entity, values: Mapping[str, Any]) -> None:
        change_entity(access, record, values)

    def remove(self, access: Access, record: Entity) -> None:
        changes.delete(access, record)
