"""What goes in and out at /api/imports."""

from dataclasses import dataclass
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from accounts.api.body import Answer, Body
from accounts.audit import MASK
from distribution.duplicates import ACTIONS
from intake.imports.columns import Column
from intake.imports.encoding import CODECS
from intake.imports.mapping import mapping_of
from intake.imports.running import COUNTS
from intake.imports.trying import MAX_SHOWN_ROWS
from intake.models import Import, ImportState

_MAPPING = {"0": "first_name", "1": "email", "3": "zip", "4": None}
_MAPPING_HELP = (
    "Column, from 0 → the key of the field that it brings, several of them in a list, or null. `address.city` is a part of an address; `status` and "
    "`note` may be brought too. A column that is left out goes nowhere."
)
UPLOADED: dict[str, Any] = {
    "id": "01a20e8b-123c-77cb-b1ce-5a4d1a525dc9",
    "entity": "01a20e8b-11aa-7cdc-a742-9570858aba01",
    "file_name": "leads.csv",
    "size": 96,
    "encoding": "windows-1252",
    "delimiter": ";",
    "has_bom": False,
    "has_header": True,
    "state": "uploaded",
    "job": None,
    "progress": {"rows_done": 0, "rows_total": 2, "bytes_done": 0, "bytes_total": 98, "seconds_left": None},
    **dict.fromkeys(COUNTS, 0),
    "reason": "",
    "created_at": "2026-11-24T17:12:04.926801Z",
    "finished_at": None,
    "columns": [
        {"index": 0, "name": "Vorname", "samples": ["Jané", "Jo"], "field": "first_name", "confidence": "medium"},
        {"index": 1, "name": "E-Mail", "samples": ["jane@example.com", "nope"], "field": "email", "confidence": "high"},
        {"index": 2, "name": "Farbe", "samples": ["red", "blue"], "field": None, "confidence": None},
    ],
    "mapping": None,
    "warnings": ["The file is not UTF-8 (byte 34 is not); it was read as Windows-1252. Look whether accented letters are right."],
}
TRIED: dict[str, Any] = {
    "rows": [
        {"row": 2, "values": {"first_name": "Jané", "email": "jane@example.com", "ssn": MASK}, "status": "new", "note": "", "faults": []},
        {
            "row": 3,
            "values": {"first_name": "Jo"},
            "status": "new",
            "note": "",
            "faults": [
                {
                    "attr": "email",
                    "code": "invalid",
                    "detail": 'Email: "nope" is not an email address; wanted an email address such as jane@example.com.',
                }
            ],
        },
    ],
    "checked": 2,
    "good": 1,
    "faulty": 1,
    "duplicates": 0,
    "left_out": ["Farbe"],
}


class UploadBody(Body):
    """multipart/form-data."""

    file = serializers.FileField(allow_empty_file=True, help_text="CSV, at most 100 MB.")
    entity = serializers.CharField(help_text="Slug or id.")
    delimiter = serializers.ChoiceField(
        [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "bar"), ("tab", "tab")], required=False, help_text="Left out: found out."
    )
    encoding = serializers.ChoiceField(list(CODECS), required=False, help_text="Left out: found out.")
    has_header = serializers.BooleanField(default=True, help_text="false: the first row is a lead.")


class ImportProgress(Answer):
    rows_done = serializers.IntegerField()
    rows_total = serializers.IntegerField(help_text="Blank rows left out.")
    bytes_done = serializers.IntegerField()
    bytes_total = serializers.IntegerField(help_text="Of the rows as they are kept, not of the file.")
    seconds_left = serializers.IntegerField(allow_null=True, help_text="At the speed until now; null before it runs and when it is over.")


class ImportRow(Answer):
    id = serializers.UUIDField()
    entity = serializers.UUIDField(source="entity_id")
    file_name = serializers.CharField()
    size = serializers.IntegerField(help_text="Bytes.")
    encoding = serializers.CharField()
    delimiter = serializers.CharField()
    has_bom = serializers.BooleanField()
    has_header = serializers.BooleanField()
    state = serializers.ChoiceField(ImportState.choices)
    job = serializers.UUIDField(source="job_id", allow_null=True)
    progress = serializers.SerializerMethodField()
    created = serializers.IntegerField(help_text="Leads stored.")
    updated = serializers.IntegerField(help_text="Rows whose values were put into an earlier lead of the same person.")
    skipped = serializers.IntegerField(help_text="Rows of a person who is known already.")
    faulty = serializers.IntegerField(help_text="Rows that were not stored: `faulty.csv` has the first 10,000.")
    reason = serializers.CharField(help_text="Why it failed, in words.")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(ImportProgress)
    def get_progress(self, record: Import) -> dict[str, Any]:
        job = record.job
        return {
            "rows_done": record.rows_done,
            "rows_total": record.rows,
            "bytes_done": job.result.get("bytes_done", 0) if job else 0,
            "bytes_total": record.rows_size,
            "seconds_left": record.seconds_left,
        }


class ImportColumn(Answer):
    index = serializers.IntegerField()
    name = serializers.CharField()
    samples = serializers.ListField(child=serializers.CharField(), help_text="Its first 3 values, for keys with the scope `write`.")
    field = serializers.CharField(allow_null=True, help_text="The field that it probably brings.")
    confidence = serializers.ChoiceField(
        ["high", "medium", "low"],
        allow_null=True,
        help_text="`high`: it has the field's name; `medium`: another word for it; `low`: its values.",
    )


@dataclass(frozen=True, slots=True)
class ShownImport:
    record: Import
    columns: list[Column]


class ImportAnswer(ImportRow):
    """One file of leads. Made from a ShownImport."""

    columns = ImportColumn(many=True, help_text="None once nothing of the file is left.")
    mapping = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), allow_null=True, help_text="As it was started with."
    )
    warnings = serializers.ListField(child=serializers.CharField(), help_text="What was assumed or repaired, in words.")

    def to_representation(self, instance: Any) -> dict[str, Any]:
        assert isinstance(instance, ShownImport)
        record = instance.record
        return {
            **ImportRow(record).data,
            "columns": ImportColumn(instance.columns, many=True).data,
            "mapping": {str(column): list(slots) for column, slots in mapping_of(record.job.params).items()} if record.job else None,
            "warnings": record.warnings,
        }


@extend_schema_serializer(examples=[OpenApiExample("Twenty rows", value={"mapping": _MAPPING, "rows": 20}, request_only=True)])
class ImportTrialBody(Body):
    mapping = serializers.JSONField(help_text=_MAPPING_HELP)
    rows = serializers.IntegerField(default=20, min_value=1, max_value=MAX_SHOWN_ROWS, help_text="How many are shown.")


class RowFault(Answer):
    attr = serializers.CharField(help_text="Key of the field; empty for the row as a whole.")
    code = serializers.CharField()
    detail = serializers.CharField()


class TriedRowAnswer(Answer):
    row = serializers.IntegerField(help_text="As a spreadsheet counts.")
    values = serializers.DictField(help_text="As they would be stored; encrypted ones masked.")
    status = serializers.CharField()
    note = serializers.CharField()
    faults = RowFault(many=True)


class ImportTrialAnswer(Answer):
    """What an import would make of the file's first 1,000 rows."""

    rows = TriedRowAnswer(many=True)
    checked = serializers.IntegerField(help_text="Of how many rows the counts are.")
    good = serializers.IntegerField()
    faulty = serializers.IntegerField()
    duplicates = serializers.IntegerField(
        allow_null=True, help_text="Good rows of a person whom an earlier row brought; null: no match keys."
    )
    left_out = serializers.ListField(child=serializers.CharField(), help_text="Columns that go nowhere.")


@extend_schema_serializer(examples=[OpenApiExample("Routed", value={"mapping": _MAPPING, "is_routed": True}, request_only=True)])
class ImportStartBody(Body):
    mapping = serializers.JSONField(help_text=_MAPPING_HELP)
    is_routed = serializers.BooleanField(help_text="false: the leads are stored and sent to nobody.")
    on_duplicate = serializers.ChoiceField(
        ACTIONS, default=None, allow_null=True, help_text="Instead of the Entity's own rule; null: that one."
    )


class ImportStartAnswer(Answer):
    """The import is under way: watch `GET /api/imports/{id}`, or the job."""

    id = serializers.UUIDField()
    job = serializers.UUIDField()
    state = serializers.ChoiceField(ImportState.choices)
