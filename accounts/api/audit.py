"""/api/audit"""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer
from accounts.api.filters import FROM_TO, Filters, id_filter
from accounts.api.resources import Lists
from accounts.models import AuditEvent


class Actor(Answer):
    kind = serializers.ChoiceField(["user", "api_key", "system"], source="actor_kind")
    id = serializers.UUIDField(source="actor_id", allow_null=True)
    label_ = serializers.CharField(source="actor_label")


class AuditEventAnswer(Answer):
    id = serializers.UUIDField()
    at = serializers.DateTimeField()
    actor = Actor(source="*")
    action = serializers.CharField(help_text="`created`, `updated`, `deleted`, or a verb of its own such as `paused`.")
    object_type = serializers.CharField()
    object = serializers.UUIDField(source="object_id")
    object_label = serializers.CharField()
    changes = serializers.JSONField(help_text="`{field: [old, new]}`. That a secret changed is told, never the secret.")
    request_id = serializers.CharField()


class AuditList(Lists[AuditEvent]):
    """Every change of configuration: who, what, the old and the new."""

    administrative = "all"
    serializer_class = AuditEventAnswer

    def rows(self) -> QuerySet[AuditEvent]:
        filters = Filters(self.request)
        subject, since, until = filters.id("object"), filters.moment("from"), filters.moment("to")
        filters.check()
        rows = AuditEvent.objects.all()
        if subject:
            rows = rows.filter(object_id=subject)
        if since:
            rows = rows.filter(at__gte=since)
        if until:
            rows = rows.filter(at__lt=until)
        return rows

    @extend_schema(parameters=[id_filter("object"), *FROM_TO])
    def get(self, request: Request, **_: str) -> Response:
        return self.list(request)
