from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from accounts.ids import new_id
from accounts.models.account import Account


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(models.Model):
    """Work that goes on in the background, step by step. Each step's changes and the cursor behind them are one transaction (accounts.jobs)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=30)
    label = models.CharField(max_length=200, help_text="What it does, for people.")
    state = models.CharField(max_length=10, choices=JobState, default=JobState.QUEUED)
    params = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    cursor = models.JSONField(null=True, encoder=DjangoJSONEncoder, help_text="Where the next step begins; null: at the beginning.")
    done = models.PositiveBigIntegerField(default=0)
    total = models.PositiveBigIntegerField(null=True)
    result = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    reason = models.TextField(blank=True, help_text="Why it failed, in words.")
    faults_in_a_row = models.PositiveSmallIntegerField(default=0)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    touched_at = models.DateTimeField(help_text="When its last step ended: jobs take turns.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="job_state_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # leadflip_waiting_jobs: whose turn it is.
            models.Index(fields=["touched_at"], condition=models.Q(state__in=["queued", "running"]), name="job_waiting"),
            # The list of jobs, newest first.
            models.Index(fields=["account", "-id"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def is_finished(self) -> bool:
        return self.state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)
