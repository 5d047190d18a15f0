"""Deliveries sent again and cancelled: POST /api/deliveries/{id}/resend and …/cancel, and the same for many."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.access import Access
from accounts.api.body import Answer, Body
from accounts.api.jobs import JobAnswer
from accounts.api.resources import Resource
from accounts.api.views import AccountView, access_of
from accounts.ids import new_id
from accounts.models import Job
from delivery.api.deliveries import DeliveryRow, with_names
from delivery.api.log_filters import SelectionBody, filter_of
from delivery.cancelling import cancel_delivery, start_cancelling
from delivery.log_filter import LogFilter
from delivery.models import Delivery
from delivery.picking import count_all
from delivery.resending import MAX_PER_SECOND, PER_SECOND, RENDERINGS, resend, start_resend

_JOB: dict[str, Any] = {
    "id": "01a20f3e-3c1b-7d0e-8a35-5d1f7f6d9a10",
    "state": "queued",
    "done": 0,
    "total": None,
    "reason": "",
    "created_at": "2026-11-24T20:27:41.083000Z",
    "finished_at": None,
}
_RESENDING = {**_JOB, "kind": "resend", "label": "Resending deliveries, 50 a second", "result": {}}
_CANCELLING = {**_JOB, "kind": "cancel", "label": "Cancelling deliveries", "result": {}}


class RenderingField(serializers.ChoiceField):
    def __init__(self) -> None:
        super().__init__(
            RENDERINGS,
            default="original",
            help_text="`original`: the same bytes once more. `fresh`: made anew from the lead and the channel as they are now.",
        )


class ResendBody(Body):
    rendering = RenderingField()


class ResendManyBody(SelectionBody):
    rendering = RenderingField()
    per_second = serializers.IntegerField(
        default=PER_SECOND, min_value=1, max_value=MAX_PER_SECOND, help_text="At most so many become due in a second, on average."
    )


class CountedAnswer(Answer):
    count = serializers.IntegerField()


class OneDelivery(Resource[Delivery]):
    serializer_class = DeliveryRow

    def rows(self) -> QuerySet[Delivery]:
        return with_names(Delivery.objects.filter(is_digest=False))


class DeliveryResend(OneDelivery):
    @extend_schema(
        summary="Send a delivery again",
        description=(
            "It is queued once more under the same id, which the partner sees as `webhook-id`, and its retry policy starts afresh. One that is `delivered`, "
            "`rejected`, `failed`, `cancelled` or `held`, or that waits for its next try, which is made now. No cap is asked and no seat taken; a lead that "
            "went on to another partner meanwhile stays there too. 409 in words: when it is queued or being sent already, when it was a test, when the lead "
            "was erased, while the channel is paused, or when the bytes of the `original` are no longer in the log."
        ),
        request=ResendBody,
        responses={200: DeliveryRow},
        examples=[OpenApiExample("As the lead is now", value={"rendering": "fresh"}, request_only=True)],
    )
    def post(self, request: Request, **_: str) -> Response:
        delivery = self.found()
        body = ResendBody(data=request.data)
        body.is_valid(raise_exception=True)
        resend(access_of(request), delivery, rendering=body.validated_data["rendering"])
        return self.answer(delivery)


class DeliveryCancel(OneDelivery):
    @extend_schema(
        summary="Cancel a delivery",
        description="One that is `queued`, `held` or `collecting` is not sent any more, and its seats go back. One that is being sent, or is over: 409.",
        request=None,
        responses={200: DeliveryRow},
    )
    def post(self, request: Request, **_: str) -> Response:
        delivery = self.found()
        cancel_delivery(access_of(request), delivery)
        return self.answer(delivery)


class ManyDeliveries(AccountView):
    """Counts what a filter finds, or starts a job over it."""

    body: type[SelectionBody]

    def start(self, access: Access, wanted: LogFilter, values: dict[str, Any]) -> Job:
        raise NotImplementedError

    def begin(self, request: Request) -> Response:
        body = self.body(data=request.data)
        body.is_valid(raise_exception=True)
        wanted = filter_of(body.validated_data)
        if body.validated_data["dry_run"]:
            return Response({"count": count_all(wanted, until=new_id())})
        job = self.start(access_of(request), wanted, body.validated_data)
        return Response(JobAnswer(job).data, status=status.HTTP_202_ACCEPTED)


class DeliveriesResend(ManyDeliveries):
    body = ResendManyBody

    def start(self, access: Access, wanted: LogFilter, values: dict[str, Any]) -> Job:
        return start_resend(access, wanted, rendering=values["rendering"], per_second=values["per_second"])

    @extend_schema(
        operation_id="deliveries_resend_many",
        summary="Send many deliveries again",
        description=(
            "Every delivery that the filter finds now, however many, in the background and at a set pace. Progress: `GET /api/jobs/{id}`, whose `result` counts "
            "those `resent` and, by reason, those `passed_over`: `queued`, `sending` or `collecting` already, `test`, `erased`, `paused`, `not_kept`. "
            "`POST /api/jobs/{id}/cancel` stops it within 30 seconds' worth of deliveries. Without `state` the delivered ones are sent again too: count them "
            "first, with `dry_run`."
        ),
        request=ResendManyBody,
        responses={200: CountedAnswer, 202: JobAnswer},
        examples=[
            OpenApiExample(
                "What failed on a day",
                value={
                    "state": ["failed"],
                    "from": "2026-11-23T00:00:00Z",
                    "to": "2026-11-24T00:00:00Z",
                    "rendering": "original",
                    "per_second": 20,
                },
                request_only=True,
            ),
            OpenApiExample("Only count", value={"state": ["failed"], "dry_run": True}, request_only=True),
            OpenApiExample("Counted", value={"count": 4180}, response_only=True, status_codes=["200"]),
            OpenApiExample("Started", value=_RESENDING, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request) -> Response:
        return self.begin(request)


class DeliveriesCancel(ManyDeliveries):
    body = SelectionBody

    def start(self, access: Access, wanted: LogFilter, values: dict[str, Any]) -> Job:
        return start_cancelling(access, wanted)

    @extend_schema(
        operation_id="deliveries_cancel_many",
        summary="Cancel many deliveries",
        description=(
            "What of the filter's deliveries still waits (`queued`, `held`, `collecting`) is not sent any more, and its seats go back. In the background, with "
            "progress at `GET /api/jobs/{id}`, whose `result` counts those `cancelled` and those `passed_over`."
        ),
        request=SelectionBody,
        responses={200: CountedAnswer, 202: JobAnswer},
        examples=[
            OpenApiExample("All that is held", value={"state": ["held"]}, request_only=True),
            OpenApiExample("Counted", value={"count": 4180}, response_only=True, status_codes=["200"]),
            OpenApiExample("Started", value=_CANCELLING, response_only=True, status_codes=["202"]),
        ],
    )
    def post(self, request: Request) -> Response:
        return self.begin(request)
