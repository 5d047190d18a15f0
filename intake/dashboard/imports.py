"""CSV files of leads: the list, one on its way from mapping to result, and the rows that were not taken."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse

from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.dashboard.paging import newest_first
from accounts.dashboard.records import record_or_404
from accounts.faults import ConflictError, RefusedChangeError
from intake.dashboard.mapping_form import MappingForm
from intake.dashboard.tried_rows import TrialTable, trial_table
from intake.imports.columns import columns_of, entity_of
from intake.imports.faulty_rows import MAX_KEPT, faulty_csv
from intake.imports.running import cancel_import, start_import
from intake.imports.trying import try_rows
from intake.models import Import, ImportState

_SHOWN_ROWS = 10


@page("read")
def imports(request: PageRequest) -> Page:
    rows = Import.objects.select_related("job", "entity")
    return Page("intake/imports.html", {"heading": "Imports", "slice": newest_first(rows, request.GET)}, part="list")


@page("read", to_change="write")
def one_import(request: PageRequest, import_id: str) -> Page | HttpResponse:
    """Before it is started its mapping, which a POST tries out (`try`) or starts by; from then on how far it is."""
    # Not locked: a step holds its job first and then the import, and every change here is one conditional statement.
    record = record_or_404(Import.objects.select_related("job", "entity"), import_id)
    if record.state != ImportState.UPLOADED:
        if request.method == "POST":
            return refused(request, f"This import is {record.state}; a file is imported once.", "import", record.id)
        return _progress_page(record)
    entity = entity_of(request.access, record)
    columns = columns_of(request.access, record)
    form = MappingForm(request.POST or None, columns=columns, entity=entity)
    tried: TrialTable | None = None
    if request.method == "POST" and form.is_valid():
        try:
            if "try" in request.POST:
                tried = trial_table(try_rows(request.access, record, form.mapping(), shown=_SHOWN_ROWS), entity.specs)
            else:
                start_import(request.access, record, form.mapping(), **form.options())
                return saved(request, "The import has begun.", "import", record.id)
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        except ConflictError as conflict:
            return refused(request, str(conflict), "import", record.id)
    context = {"heading": record.file_name, "record": record, "entity": entity, "form": form, "tried": tried}
    return Page("intake/import_mapping.html", context, status=400 if form.errors else 200)


@act()
def cancel(request: PageRequest, import_id: str) -> HttpResponse:
    record = record_or_404(Import.objects.select_related("job"), import_id)
    try:
        cancel_import(request.access, record)
    except ConflictError as conflict:
        return refused(request, str(conflict), "import", record.id)
    return saved(request, "The import is cancelled and its file destroyed. What was imported until then stays.", "import", record.id)


@page("read")
def import_faulty_rows(request: PageRequest, import_id: str) -> HttpResponse:
    record = record_or_404(Import.objects.select_related("job"), import_id)
    answer = StreamingHttpResponse(faulty_csv(request.access, record), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="faulty-rows-{record.id}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer  # type: ignore[return-value]  # as good as one, for all that a page does with it


def _progress_page(record: Import) -> Page:
    context: dict[str, Any] = {
        "heading": record.file_name,
        "record": record,
        "done": record.rows_done,
        "percent": min(100, 100 * record.rows_done // max(record.rows, 1)),
        "seconds_left": record.seconds_left,
        "is_moving": record.state in (ImportState.QUEUED, ImportState.RUNNING),
        "most_kept": MAX_KEPT,
    }
    return Page("intake/import.html", context, part="progress")
