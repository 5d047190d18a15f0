"""/api/invitations"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts import invitations
from accounts.access import Access
from accounts.api.body import Body
from accounts.api.resources import Creates, Deletes, Lists, Reads
from accounts.models import Invitation, Role

_EXAMPLE = {
    "id": "019ab1c2-7d3e-7f00-8a4b-2f6f1d0c9e11",
    "email": "jane@example.com",
    "role": "member",
    "state": "open",
    "created_at": "2026-03-01T12:00:00Z",
    "sent_at": "2026-03-01T12:00:00Z",
    "expires_at": "2026-03-08T12:00:00Z",
    "accepted_at": None,
    "revoked_at": None,
}


@extend_schema_serializer(
    examples=[
        OpenApiExample("Invite somebody", value={"email": "jane@example.com", "role": "member"}, request_only=True),
        OpenApiExample("Invited", value=_EXAMPLE, response_only=True),
    ]
)
class InvitationBody(Body):
    id = serializers.UUIDField(read_only=True)
    email = serializers.EmailField(
        max_length=254, help_text="Whom the mail with the link goes to. Only who signs in with this address can accept."
    )
    role = serializers.ChoiceField(Role.choices, help_text="What they become. Nobody gives more than they have.")
    state = serializers.SerializerMethodField(help_text="`open`, `accepted`, `revoked` or `expired`.")
    created_at = serializers.DateTimeField(read_only=True)
    sent_at = serializers.DateTimeField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True)
    accepted_at = serializers.DateTimeField(read_only=True, allow_null=True)
    revoked_at = serializers.DateTimeField(read_only=True, allow_null=True)

    def get_state(self, invitation: Invitation) -> str:
        return invitation.state(timezone.now())


class InvitationList(Lists[Invitation], Creates[Invitation]):
    """Invitations to the account, accepted and revoked ones too. A new one is sent by mail at once; its link is good for seven days.

    409 while the address has an open invitation, and from the hundredth of a day on.
    """

    administrative = "changes"
    serializer_class = InvitationBody

    def rows(self) -> QuerySet[Invitation]:
        return Invitation.objects.all()

    def create(self, access: Access, values: Mapping[str, Any]) -> Invitation:
        return invitations.invite(access, **values)


class InvitationDetail(Reads[Invitation], Deletes[Invitation]):
    """One invitation. DELETE revokes it: its link opens nothing from then on, and it stays in the list. An accepted one answers 409."""

    administrative = "changes"
    serializer_class = InvitationBody

    def rows(self) -> QuerySet[Invitation]:
        return Invitation.objects.all()

    def remove(self, access: Access, record: Invitation) -> None:
        invitations.revoke(access, record)
