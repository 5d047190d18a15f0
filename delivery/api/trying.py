"""A channel tried and previewed by a person who waits for the result. No transaction is open meanwhile."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Body
from accounts.api.views import LimitedView, access_of
from accounts.faults import ConflictError, Fault, RefusedChangeError
from accounts.isolation import account_scope
from accounts.vault import SealError
from delivery.api.schema import AttemptAnswer
from delivery.api.showing import show_attempt
from delivery.channels.base import NotReadyError, RenderError
from delivery.models import DeliveryChannel
from delivery.testing import NoSuchLeadError, preview, send_test


class TrialBody(Body):
    lead = serializers.UUIDField(required=False, allow_null=True, help_text="One of the Entity's leads. Without it a sample is sent.")


class PreviewAnswer(serializers.Serializer[Any]):
    kind = serializers.CharField()


class _Trial(LimitedView):
    scope = "write"

    def ids(self, request: Request, channel_id: str) -> tuple[UUID, UUID | None]:
        body = TrialBody(data=request.data or {})
        body.is_valid(raise_exception=True)
        try:
            return UUID(channel_id), body.validated_data.get("lead")
        except ValueError as error:
            raise NotFound from error

    def handle_exception(self, exc: Exception) -> Response:
        match exc:
            case DeliveryChannel.DoesNotExist():
                exc = NotFound()
            case NoSuchLeadError():
                exc = RefusedChangeError([Fault("lead", "does_not_exist", "There is no such lead of this channel's Entity.")])
            case RenderError() | SealError():
                exc = ConflictError(str(exc))
        return super().handle_exception(exc)


class TestChannel(_Trial):
    @extend_schema(request=TrialBody, responses={200: AttemptAnswer}, summary="Send a test lead now", tags=["channels"])
    def post(self, request: Request, id: str) -> Response:  # noqa: A002 - the URL's name for it
        """Sends one lead through the channel and answers with the request as sent, the answer, and the outcome. It is tried once."""
        access = access_of(request)
        channel_id, lead_id = self.ids(request, id)
        result = send_test(access, channel_id, lead_id)
        if isinstance(result, NotReadyError):
            raise ConflictError(str(result))
        with account_scope(access.account_id):
            return Response(show_attempt(access, result))


class PreviewChannel(_Trial):
    scope = "read"

    @extend_schema(request=TrialBody, responses={200: PreviewAnswer}, summary="Render without sending", tags=["channels"])
    def post(self, request: Request, id: str) -> Response:  # noqa: A002 - the URL's name for it
        """What the partner would get. Encrypted values are masked."""
        channel_id, lead_id = self.ids(request, id)
        return Response(preview(access_of(request), channel_id, lead_id))
