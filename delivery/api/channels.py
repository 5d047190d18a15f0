"""/api/channels, and the channel of an assignment"""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import changes
from accounts.access import Access
from accounts.api.body import Body
from accounts.api.resources import Deletes, Lists, Reads, Resource
from accounts.api.views import access_of, find
from accounts.faults import Fault, RefusedChangeError
from delivery.api.channel_bodies import ChannelAnswer, ChannelBody, ChannelChange, ChannelFirstAnswer, PauseBody, PrimaryChannelBody
from delivery.channel_config import change_channel, pause_channel, resume_channel, rotate_signing_secret, set_primary_channel
from delivery.models import DeliveryChannel
from delivery.wake import wake
from distribution.models import Assignment, Profile


class ChannelResource(Resource[DeliveryChannel]):
    serializer_class = ChannelAnswer

    def rows(self) -> QuerySet[DeliveryChannel]:
        return DeliveryChannel.objects.select_related("assignment__partner", "assignment__profile__entity", "health")

    def found(self) -> DeliveryChannel:
        rows = self.rows()
        if self.request.method != "GET":
            # A channel may have no health yet, and Postgres locks no row that may be missing.
            rows = rows.select_for_update(of=("self",))
        return find(rows, self.kwargs["id"])

    def body(self, shape: type[Body]) -> dict[str, Any]:
        body = shape(data=self.request.data)
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    def told(self, channel: DeliveryChannel, signing_secret: str | None, *, code: int = status.HTTP_200_OK) -> Response:
        """The answer to a change. What was held may go out now."""
        transaction.on_commit(wake)
        return self.answer(channel, code=code, **({"signing_secret": signing_secret} if signing_secret else {}))


class ChannelList(ChannelResource, Lists[DeliveryChannel]):
    """Delivery Channels: how an assignment's leads travel. Each assignment has one primary channel."""

    @extend_schema(request=ChannelBody, responses={201: ChannelFirstAnswer})
    def post(self, request: Request) -> Response:
        body = self.body(ChannelBody)
        assignment = Assignment.objects.select_related("partner", "profile__entity").filter(id=body.pop("assignment")).first()
        if assignment is None:
            raise RefusedChangeError([Fault("assignment", "does_not_exist", "There is no such assignment; wanted the id of one of yours.")])
        channel, secret = set_primary_channel(access_of(request), assignment, body)
        return self.told(channel, secret, code=status.HTTP_201_CREATED)


class ChannelDetail(ChannelResource, Reads[DeliveryChannel], Deletes[DeliveryChannel]):
    """One channel. Secrets never come back: a secret header has `value: null`, and is kept when it is sent like that.
    One that delivered leads cannot be deleted (409): pause it instead."""

    @extend_schema(request=ChannelChange, responses={200: ChannelAnswer})
    def patch(self, request: Request, **_: str) -> Response:
        channel = self.found()
        return self.told(channel, change_channel(access_of(request), channel, self.body(ChannelChange)))

    def remove(self, access: Access, record: DeliveryChannel) -> None:
        changes.delete(access, record)


class PrimaryChannel(ChannelResource):
    """The channel through which an assignment's leads travel. Kind, fields and config in one call.
    A channel of the same kind keeps its id and its signing secret; one of another kind takes its place."""

    def assignment(self) -> Assignment:
        profile = find(Profile.objects.all(), self.kwargs["profile_id"])
        return find(Assignment.objects.filter(profile=profile).select_related("partner", "profile__entity"), self.kwargs["id"])

    def found(self) -> DeliveryChannel:
        channel = self.rows().filter(assignment=self.assignment(), is_primary=True).first()
        if channel is None:
            raise NotFound
        return channel

    @extend_schema(responses={200: ChannelAnswer})
    def get(self, request: Request, **_: str) -> Response:
        return self.answer(self.found())

    @extend_schema(request=PrimaryChannelBody, responses={200: ChannelFirstAnswer})
    def put(self, request: Request, **_: str) -> Response:
        channel, secret = set_primary_channel(access_of(request), self.assignment(), self.body(PrimaryChannelBody))
        return self.told(channel, secret)

    @extend_schema(responses={204: OpenApiResponse(description="It is gone.")})
    def delete(self, request: Request, **_: str) -> Response:
        changes.delete(access_of(request), self.found())
        return Response(status=status.HTTP_204_NO_CONTENT)


class RotateSecret(ChannelResource):
    """Make a new signing secret and answer with it, this once. The one before signs too for 24 hours, so that nothing is lost while the
    partner changes over."""

    @extend_schema(request=None, responses={200: ChannelFirstAnswer})
    def post(self, request: Request, **_: str) -> Response:
        channel = self.found()
        return self.answer(channel, signing_secret=rotate_signing_secret(access_of(request), channel))


class Pause(ChannelResource):
    """Stop a channel. Its leads are held, none is lost, until it is resumed."""

    @extend_schema(request=PauseBody, responses={200: ChannelAnswer})
    def post(self, request: Request, **_: str) -> Response:
        channel = self.found()
        pause_channel(access_of(request), channel, **self.body(PauseBody))
        return self.answer(channel)


class Resume(ChannelResource):
    """Start a paused channel again. What was held is queued. If its breaker was open, one lead is tried first, and the others follow when it arrives."""

    @extend_schema(request=None, responses={200: ChannelAnswer})
    def post(self, request: Request, **_: str) -> Response:
        channel = self.found()
        resume_channel(access_of(request), channel)
        return self.told(channel, None)
