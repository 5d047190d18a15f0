"""/api/entities/{id}/retention"""

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer
from accounts.api.jobs import JobAnswer
from accounts.api.resources import Resource
from accounts.api.views import access_of
from accounts.faults import Fault, RefusedChangeError
from distribution.entities import find_entity
from distribution.fields.faults import echo
from distribution.models import Entity
from distribution.retention import MAX_DAYS, preview_retention, start_retention

_RUN = {
    "id": "0199f0a4-5c1e-7a52-9a5e-6a0b4f6f2f11",
    "kind": "retention",
    "label": "Erasing the leads of Solar Leads that are older than 30 days",
    "state": "queued",
    "done": 0,
    "total": None,
    "result": {},
    "reason": "",
    "created_at": "2026-03-01T08:00:00Z",
    "finished_at": None,
}


class RetentionAnswer(Answer):
    days = serializers.IntegerField(allow_null=True, help_text="null: the Entity keeps its leads for ever, and no number was given.")
    leads = serializers.IntegerField(help_text="How many would be erased now.")
    oldest = serializers.DateTimeField(allow_null=True, help_text="When the first of them came; null if there is none.")


class RetentionResource(Resource[Entity]):
    def rows(self) -> QuerySet[Entity]:
        return Entity.objects.all()

    def found(self) -> Entity:
        entity = find_entity(self.kwargs["id"], is_to_change=self.request.method != "GET")
        if entity is None:
            raise NotFound
        return entity


class RetentionPreview(RetentionResource):
    serializer_class = RetentionAnswer

    @extend_schema(
        summary="Preview what retention would erase",
        description="How many leads of the Entity are older than so many days. Nothing is erased.",
        operation_id="entities_retention_preview",
        parameters=[
            OpenApiParameter("days", OpenApiTypes.INT, description=f"1 to {MAX_DAYS:,}. The Entity's own `retention_days` if left out.")
        ],
        examples=[OpenApiExample("Thirty days", value={"days": 30, "leads": 1204, "oldest": "2026-01-02T09:30:00Z"}, response_only=True)],
    )
    def get(self, request: Request, **_: str) -> Response:
        entity = self.found()
        days = _days(request.query_params.get("days"), entity)
        return Response(RetentionAnswer(preview_retention(entity, days=days, now=timezone.now())).data)


class RetentionRun(RetentionResource):
    serializer_class = JobAnswer

    @extend_schema(
        summary="Erase what is past its retention now",
        description="Erases the Entity's leads that are older than its `retention_days`, in the background, as it happens once a day by itself. "
        "While a run is under way, that one is answered. 409 where `retention_days` is null.",
        request=None,
        responses={202: JobAnswer},
        examples=[OpenApiExample("Begun", value=_RUN, response_only=True, status_codes=["202"])],
    )
    def post(self, request: Request, **_: str) -> Response:
        job = start_retention(access_of(request), self.found())
        return Response(JobAnswer(job).data, status=status.HTTP_202_ACCEPTED)


def _days(text: str | None, entity: Entity) -> int | None:
    if not text:
        return entity.retention_days
    if text.isascii() and text.isdecimal() and len(text) <= 4 and 1 <= int(text) <= MAX_DAYS:
        return int(text)
    raise RefusedChangeError([Fault("days", "invalid", f"days is {echo(text)}; wanted a whole number from 1 to {MAX_DAYS:,}.")])
