"""/api/members"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from accounts import members
from accounts.access import Access
from accounts.api.body import Body
from accounts.api.resources import Changes, Creates, Deletes, Lists, Reads
from accounts.models import Member, Role


class MemberBody(Body):
    id = serializers.UUIDField(read_only=True)
    user = serializers.UUIDField(source="user_id", read_only=True)
    email = serializers.EmailField(source="user.email", max_length=254, help_text="Of a person who can sign in here already.")
    name = serializers.CharField(source="user.name", read_only=True)
    role = serializers.ChoiceField(Role.choices, help_text="A `viewer` only reads, and sees no encrypted field.")
    created_at = serializers.DateTimeField(read_only=True)


@extend_schema_serializer(component_name="MemberRole")
class RoleBody(MemberBody):
    email = serializers.EmailField(source="user.email", read_only=True)


class MemberList(Lists[Member], Creates[Member]):
    """The people who work in this account, each with a role. To add one, name the email address they sign in with."""

    administrative = "changes"
    serializer_class = MemberBody

    def rows(self) -> QuerySet[Member]:
        return Member.objects.select_related("user")

    def create(self, access: Access, values: Mapping[str, Any]) -> Member:
        return members.add_member(access, email=values["user"]["email"], role=values["role"])


class MemberDetail(Reads[Member], Changes[Member], Deletes[Member]):
    """One member. The account's last owner can neither be removed nor get another role (409)."""

    administrative = "changes"
    serializer_class = RoleBody

    def rows(self) -> QuerySet[Member]:
        return Member.objects.select_related("user")

    def change(self, access: Access, record: Member, values: Mapping[str, Any]) -> None:
        if "role" in values:
            members.change_role(access, record, role=values["role"])

    def remove(self, access: Access, record: Member) -> None:
        members.remove_member(access, record)
