"""/api/jobs"""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import jobs
from accounts.api.body import Answer
from accounts.api.resources import Lists, Reads, Resource
from accounts.api.views import access_of
from accounts.models import Job, JobState


class JobAnswer(Answer):
    """Work in the background."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    label_ = serializers.CharField(help_text="What it does, in words.")
    state = serializers.ChoiceField(JobState.choices)
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True, help_text="null while nobody knows.")
    result = serializers.DictField(help_text="By kind.")
    reason = serializers.CharField(help_text="Why it failed, in words.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class JobList(Lists[Job]):
    """What goes on in the background, and what did: imports, erasures, resends."""

    serializer_class = JobAnswer

    def rows(self) -> QuerySet[Job]:
        return Job.objects.all()


class JobDetail(Reads[Job]):
    """One job with its progress: `done` of `total`."""

    serializer_class = JobAnswer

    def rows(self) -> QuerySet[Job]:
        return Job.objects.all()


class JobCancel(Resource[Job]):
    serializer_class = JobAnswer

    def rows(self) -> QuerySet[Job]:
        return Job.objects.all()

    @extend_schema(
        summary="Cancel a job", description="What is done stays done; the rest is left. A job that is over answers 409.", request=None
    )
    def post(self, request: Request, **_: str) -> Response:
        job = self.found()
        jobs.cancel(job, by=access_of(request))
        return self.answer(job)
