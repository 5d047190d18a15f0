"""/api/imports"""

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.resources import Lists, Resource
from accounts.api.views import LimitedView, access_of, find
from accounts.isolation import account_scope
from intake.api.import_bodies import (
    TRIED,
    UPLOADED,
    ImportAnswer,
    ImportRow,
    ImportStartAnswer,
    ImportStartBody,
    ImportTrialAnswer,
    ImportTrialBody,
    ShownImport,
    UploadBody,
)
from intake.api.unnamed_file import UnnamedFileHandler
from intake.imports.columns import columns_of
from intake.imports.faulty_rows import faulty_csv
from intake.imports.running import cancel_import, start_import
from intake.imports.trying import try_rows
from intake.imports.upload import MAX_FILE_BYTES, FileOptions, take_file
from intake.models import Import

_MAX_BODY_BYTES = MAX_FILE_BYTES + (1 << 20)


class OfImports(Resource[Import]):
    def rows(self) -> QuerySet[Import]:
        return Import.objects.select_related("job")

    def found(self) -> Import:
        # Not locked: a step holds its job first and then the import, and every change here is one conditional statement.
        return find(self.rows(), self.kwargs["id"])

    def shown(self, record: Import, *, code: int = status.HTTP_200_OK) -> Response:
        shown = ShownImport(record, columns_of(access_of(self.request), record))
        return Response(ImportAnswer(shown).data, status=code)


class ImportList(Lists[Import], OfImports):
    """Files of leads, with what became of them."""

    serializer_class = ImportRow
    parser_classes = (MultiPartParser,)
    max_body_bytes = _MAX_BODY_BYTES

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            request.upload_handlers = [UnnamedFileHandler(request, max_bytes=_MAX_BODY_BYTES)]
            # No transaction is open while the file comes over a slow line.
            return LimitedView.dispatch(self, request, *args, **kwargs)
        return super().dispatch(request, *args, **kwargs)

    @extend_schema(
        summary="Upload a CSV file",
        description=(
            "Up to 100 MB and 1,000,000 rows, read to its end before this answers: whatever is wrong with it as a file is told now. Comma, semicolon, "
            "tab or `|`; UTF-8, UTF-16 with a byte order mark, or Windows-1252. Nothing is imported yet. The rows are kept encrypted until the "
            "import is over, at most 24 hours if it is never started."
        ),
        request={"multipart/form-data": UploadBody},
        responses={201: ImportAnswer},
        examples=[OpenApiExample("Two leads", value=UPLOADED, response_only=True, status_codes=["201"])],
    )
    def post(self, request: Request, **_: str) -> Response:
        body = UploadBody(data=request.data)
        body.is_valid(raise_exception=True)
        access, given = access_of(request), body.validated_data
        delimiter = "\t" if given.get("delimiter") == "tab" else given.get("delimiter")
        options = FileOptions(delimiter, given.get("encoding"), given["has_header"])
        with given["file"] as upload:
            record = take_file(access, upload.file, entity=given["entity"], file_name=upload.name, options=options)
        with account_scope(access.account_id):
            return self.shown(record, code=status.HTTP_201_CREATED)


class ImportDetail(OfImports):
    """One import: its columns with what they probably bring, how far it is, and what became of its rows."""

    serializer_class = ImportAnswer

    def get(self, request: Request, **_: str) -> Response:
        return self.shown(self.found())


class ImportTrial(OfImports):
    serializer_class = ImportTrialBody

    @extend_schema(
        summary="Try a mapping",
        description="The first rows as they would be stored, and counts over the first 1,000. Nothing is stored.",
        request=ImportTrialBody,
        responses={200: ImportTrialAnswer},
        examples=[OpenApiExample("Two rows", value=TRIED, response_only=True)],
    )
    def post(self, request: Request, **_: str) -> Response:
        record = self.found()
        given = self.values()
        trial = try_rows(access_of(request), record, given["mapping"], shown=given["rows"])
        return Response(ImportTrialAnswer(trial).data)


class ImportStart(OfImports):
    serializer_class = ImportStartBody

    @extend_schema(
        summary="Start an import",
        description="The rows become leads in the background, in their order. A file is imported once.",
        request=ImportStartBody,
        responses={202: ImportStartAnswer},
    )
    def post(self, request: Request, **_: str) -> Response:
        record = self.found()
        given = self.values()
        job = start_import(access_of(request), record, given["mapping"], is_routed=given["is_routed"], on_duplicate=given["on_duplicate"])
        return Response({"id": record.id, "job": job.id, "state": record.state}, status=status.HTTP_202_ACCEPTED)


class ImportCancel(OfImports):
    @extend_schema(
        summary="Cancel an import",
        description="What is imported stays; the file is destroyed. An import that is over answers 409.",
        request=None,
        responses={200: ImportAnswer},
    )
    def post(self, request: Request, **_: str) -> Response:
        record = self.found()
        cancel_import(access_of(request), record)
        return self.shown(record)


class ImportFaultyRowsFile(OfImports):
    @extend_schema(
        summary="The faulty rows of an import",
        description=(
            "A CSV file: `row` and `fault`, then the row as it came; the first 10,000, for 7 days. Cells that a spreadsheet would run as a formula begin "
            "with an apostrophe. Without the scope `read:encrypted` what was meant for encrypted fields is masked."
        ),
        responses={(200, "text/csv"): OpenApiTypes.STR},
    )
    def get(self, request: Request, **_: str) -> StreamingHttpResponse:
        record = self.found()
        pieces: Iterator[bytes] = faulty_csv(access_of(request), record)
        name = f'attachment; filename="faulty-rows-{record.id}.csv"'
        return StreamingHttpResponse(
            pieces, content_type="text/csv; charset=utf-8", headers={"Content-Disposition": name, "Cache-Control": "no-store"}
        )
