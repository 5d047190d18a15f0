"""/api/api-keys"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import api_keys
from accounts.access import Access
from accounts.api.body import Body, Line
from accounts.api.resources import Changes, Deletes, Lists, Reads
from accounts.api.views import access_of
from accounts.models import SCOPES, ApiKey


class ApiKeyBody(Body):
    id = serializers.UUIDField(read_only=True)
    name = Line(max_length=100)
    prefix = serializers.CharField(read_only=True, help_text="How the key begins, to recognise it by.")
    scopes = serializers.ListField(
        child=serializers.ChoiceField([(scope, scope) for scope in SCOPES]),
        allow_empty=False,
        max_length=len(SCOPES),
        help_text="`intake` sends leads, `read` and `write` manage the account, `read:encrypted` sees the values of encrypted fields.",
    )
    expires_at = serializers.DateTimeField(default=None, allow_null=True, help_text="null: never.")
    created_at = serializers.DateTimeField(read_only=True)
    revoked_at = serializers.DateTimeField(read_only=True, allow_null=True)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="To the minute.")
    last_used_address = serializers.CharField(read_only=True, allow_null=True)


class NewApiKey(ApiKeyBody):
    key = serializers.CharField(read_only=True, help_text="The key itself. It is shown here once and kept nowhere.")


@extend_schema_serializer(component_name="ApiKeyName")
class NameBody(ApiKeyBody):
    scopes = serializers.ListField(child=serializers.CharField(), read_only=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)


class ApiKeyList(Lists[ApiKey]):
    """API keys, revoked ones too. A new key's text stands in `key` of the answer that made it, and never again."""

    administrative = "changes"
    serializer_class = ApiKeyBody

    def rows(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.all()

    @extend_schema(responses={201: NewApiKey})
    def post(self, request: Request) -> Response:
        record, key = api_keys.make_api_key(access_of(request), **self.values())
        return self.answer(record, code=status.HTTP_201_CREATED, key=key)


class ApiKeyDetail(Reads[ApiKey], Changes[ApiKey], Deletes[ApiKey]):
    """One API key. Its name can be changed; DELETE revokes it: it opens nothing from then on, and stays in the list."""

    administrative = "changes"
    serializer_class = NameBody

    def rows(self) -> QuerySet[ApiKey]:
        return ApiKey.objects.all()

    def change(self, access: Access, record: ApiKey, values: Mapping[str, Any]) -> None:
        api_keys.rename_api_key(access, record, name=values.get("name", record.name))

    def remove(self, access: Access, record: ApiKey) -> None:
        api_keys.revoke_api_key(access, record)
