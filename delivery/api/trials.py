"""POST /api/channels/{id}/test and …/preview. Not one transaction: none is open while a partner is waited for."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import Access
from accounts.api.body import Answer, Body
from accounts.api.views import LimitedView, access_of, find
from accounts.faults import ConflictError, Fault, RefusedChangeError
from accounts.isolation import account_scope
from accounts.vault import SealError
from delivery.api.attempts import AttemptAnswer
from delivery.channels.base import NotReadyError, RenderError
from delivery.log import show
from delivery.models import Attempt, Delivery, DeliveryChannel
from delivery.testing import UNREADABLE, NoSuchLeadError, preview, send_test


@extend_schema_serializer(examples=[OpenApiExample("With a sample lead", value={}, request_only=True)])
class TrialBody(Body):
    lead = serializers.UUIDField(default=None, allow_null=True, help_text="Of the profile's Entity. Left out: a made-up sample.")


class TrialAnswer(AttemptAnswer):
    delivery_state = serializers.CharField()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {**super().to_representation(instance), "delivery_state": instance.attempt.delivery.state}


class PreviewAnswer(Answer):
    """Of a webhook: method, url, headers, content_type, body. Of a mail: from, to, subject, text, html, attachments."""

    kind = serializers.CharField()
    method = serializers.CharField(required=False)
    url = serializers.CharField(required=False)
    headers = serializers.DictField(
        child=serializers.CharField(), required=False, help_text="All but those of the signature, which each try has of its own."
    )
    content_type = serializers.CharField(required=False)
    body = serializers.CharField(required=False)
    to = serializers.ListField(child=serializers.CharField(), required=False)
    subject = serializers.CharField(required=False)
    text = serializers.CharField(required=False, allow_null=True)
    html = serializers.CharField(required=False, allow_null=True)
    attachments = serializers.ListField(child=serializers.DictField(), required=False)


class Trial(LimitedView):
    scope = "write"

    def channel_and_lead(self, request: Request, channel_id: str) -> tuple[Access, UUID, UUID | None]:
        body = TrialBody(data=request.data)
        access = access_of(request)
        with account_scope(access.account_id):
            channel = find(DeliveryChannel.objects.all(), channel_id)
        body.is_valid(raise_exception=True)
        return access, channel.id, body.validated_data["lead"]


class TestChannel(Trial):
    """Send a test lead now, and answer with what was sent, what came back and the outcome. It is on record like every other delivery, marked as
    a test, and is not retried."""

    @extend_schema(request=TrialBody, responses={200: TrialAnswer})
    def post(self, request: Request, **ids: str) -> Response:
        access, channel_id, lead_id = self.channel_and_lead(request, ids["id"])
        sent = _tried(send_test, access, channel_id, lead_id)
        if isinstance(sent, NotReadyError):
            raise ConflictError(str(sent))
        with account_scope(access.account_id):
            return Response(_answer(access, sent))


class PreviewChannel(Trial):
    """What the partner would get, made and not sent. Secrets and encrypted values are masked."""

    @extend_schema(request=TrialBody, responses={200: PreviewAnswer})
    def post(self, request: Request, **ids: str) -> Response:
        return Response(_tried(preview, *self.channel_and_lead(request, ids["id"])))


def _tried(trial: Any, access: Access, channel_id: UUID, lead_id: UUID | None) -> Any:
    try:
        return trial(access, channel_id, lead_id)
    except DeliveryChannel.DoesNotExist as error:
        raise NotFound from error
    except NoSuchLeadError as error:
        detail = "lead is not the id of one of your leads of this channel's Entity; wanted one, or none for a sample."
        raise RefusedChangeError([Fault("lead", "does_not_exist", detail)]) from error
    except RenderError as error:
        raise ConflictError(str(error)) from error
    except SealError as error:
        raise ConflictError(UNREADABLE) from error


def _answer(access: Access, attempt: Attempt) -> Any:
    delivery = Delivery.objects.select_related("lead", "channel__assignment__profile__entity").get(id=attempt.delivery_id)
    attempt.delivery = delivery
    (shown,) = show(access, delivery, [attempt])
    return TrialAnswer(shown).data
