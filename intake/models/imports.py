from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models

from accounts.ids import new_id
from accounts.models import Account, Job, JobState
from distribution.models import Entity


class ImportState(models.TextChoices):
    """After `uploaded` those of the job that does it."""

    UPLOADED = "uploaded"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Import(models.Model):
    """A CSV file of leads. Its rows are `parts` until it is over; what is wrong with them is `faulty_rows` for some days more."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    entity = models.ForeignKey(Entity, on_delete=models.CASCADE, related_name="imports")
    job = models.OneToOneField(Job, on_delete=models.CASCADE, null=True, related_name="+", help_text="null until it is started.")
    file_name = models.CharField(max_length=100, help_text="A label; nothing is ever opened by it.")
    size = models.PositiveBigIntegerField(help_text="Bytes, as it came.")
    encoding = models.CharField(max_length=20)
    delimiter = models.CharField(max_length=1)
    has_bom = models.BooleanField()
    has_header = models.BooleanField()
    rows = models.PositiveIntegerField(help_text="Below the header, without blank ones.")
    rows_size = models.PositiveBigIntegerField(help_text="Bytes of all parts before they were sealed.")
    warnings = models.JSONField(default=list)
    sealed_names = models.BinaryField(
        null=True, help_text="Names of the columns: of a file without a header they would be a person's data."
    )
    created_at = models.DateTimeField()
    discarded_at = models.DateTimeField(null=True, help_text="Cancelled before it was started.")
    cleaned_at = models.DateTimeField(null=True, help_text="Nothing that was in the file is left.")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(job__isnull=True) | models.Q(discarded_at__isnull=True), name="import_discarded_or_started"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # The list of imports, newest first.
            models.Index(fields=["account", "-id"], name="import_newest"),
            # leadflip_imports_to_clean: what still holds something of its file.
            models.Index(fields=["created_at"], condition=models.Q(cleaned_at__isnull=True), name="import_not_cleaned"),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def state(self) -> str:
        if self.discarded_at:
            return ImportState.CANCELLED
        return ImportState(self.job.state) if self.job else ImportState.UPLOADED

    @property
    def rows_done(self) -> int:
        return self.job.done if self.job else 0

    @property
    def created(self) -> int:
        return self._counted("created")

    @property
    def updated(self) -> int:
        return self._counted("updated")

    @property
    def skipped(self) -> int:
        return self._counted("skipped")

    @property
    def faulty(self) -> int:
        return self._counted("faulty")

    def _counted(self, name: str) -> int:
        """Of the rows done until now, as intake.imports.running counts them."""
        return int(self.job.result.get(name, 0)) if self.job else 0

    @property
    def reason(self) -> str:
        """Why it failed, in words."""
        return self.job.reason if self.job else ""

    @property
    def finished_at(self) -> datetime | None:
        return self.job.finished_at if self.job else self.discarded_at

    @property
    def seconds_left(self) -> int | None:
        """At the speed until now; None before it runs and when it is over."""
        job = self.job
        if job is None or job.state != JobState.RUNNING or not job.done:
            return None
        per_row = (job.touched_at - job.created_at) / job.done
        return round(per_row * (self.rows - job.done) / timedelta(seconds=1))


class ImportPart(models.Model):
    """Up to 500 rows: [[number, [cell, …]], …] as JSON of at most 1 MiB, sealed by the account's key. Numbered from 0."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    lead_import = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="parts", db_index=False)
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["lead_import", "number"], name="import_part_number_unique"),
        ]

    def __str__(self) -> str:
        return f"Part {self.number} of {self.lead_import_id}"


class ImportFaultyRows(models.Model):
    """The rows of one part that were not stored as leads: [[number, [cell, …], fault], …] as JSON, sealed by the account's key."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+", db_index=False)
    lead_import = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="faulty_rows", db_index=False)
    number = models.PositiveIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["lead_import", "number"], name="import_faulty_rows_number_unique"),
        ]

    def __str__(self) -> str:
        return f"Faulty rows in part {self.number} of {self.lead_import_id}"
