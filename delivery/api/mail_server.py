"""/api/mail-server"""

from typing import Any

from django.db import transaction
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Body, Line
from accounts.api.views import AccountView, access_of
from accounts.mail_servers import set_mail_server
from accounts.models import MailSecurity, MailServer
from delivery.waiting import release_for_mail_server
from delivery.wake import wake

_EXAMPLE = {"host": "127.0.0.1", "port": 2525, "security": "none", "from_address": "leads@acme.test", "from_name": "Acme"}


@extend_schema_serializer(examples=[OpenApiExample("A mail server", value=_EXAMPLE, request_only=True)])
class MailServerBody(Body):
    host = serializers.RegexField(r"^[A-Za-z0-9.:\-\[\]]+\Z", max_length=253, help_text="A name or an address.")
    port = serializers.IntegerField(default=587, min_value=1, max_value=65_535)
    security = serializers.ChoiceField(MailSecurity.choices, default=MailSecurity.STARTTLS)
    username = serializers.CharField(max_length=254, default="", allow_blank=True, help_text="Empty when the server wants no login.")
    password = serializers.CharField(
        max_length=1_000,
        required=False,
        allow_null=True,
        allow_blank=True,
        trim_whitespace=False,
        write_only=True,
        help_text="Left out or null: the one that is there stays, unless host, port or security changes; then it must be given again. Empty: none.",
    )
    has_password = serializers.SerializerMethodField()
    from_address = serializers.EmailField(max_length=254)
    from_name = Line(max_length=100, default="", allow_blank=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_has_password(self, server: MailServer) -> bool:
        return server.sealed_password is not None


class MailServerView(AccountView):
    """The account's own SMTP server: what mails to partners go out through. Until there is one, deliveries by email are held."""

    administrative = "changes"

    @extend_schema(responses={200: MailServerBody})
    def get(self, request: Request) -> Response:
        server = MailServer.objects.first()
        if server is None:
            raise NotFound
        return Response(MailServerBody(server).data)

    @extend_schema(request=MailServerBody, responses={200: MailServerBody})
    def put(self, request: Request) -> Response:
        body = MailServerBody(data=request.data)
        body.is_valid(raise_exception=True)
        values: dict[str, Any] = dict(body.validated_data)
        password = values.pop("password", None)
        access = access_of(request)
        server = set_mail_server(access, values, password=password)
        release_for_mail_server(access.account_id)
        transaction.on_commit(wake)
        return Response(MailServerBody(server).data)
