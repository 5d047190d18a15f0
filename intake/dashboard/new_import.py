"""A CSV file comes in from a browser: a large body, which is read by nobody but whoever may import, into a file without a name."""

from django import forms
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.views.decorators.csrf import csrf_exempt

from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, page, saved
from accounts.faults import RefusedChangeError
from accounts.isolation import account_scope
from distribution.models import Entity
from intake.api.unnamed_file import UnnamedFileHandler
from intake.imports.encoding import CODECS
from intake.imports.upload import MAX_FILE_BYTES, FileOptions, take_file

_MAX_BODY_BYTES = MAX_FILE_BYTES + (1 << 20)
_DELIMITERS = [("", "Find it out"), (",", "Comma"), (";", "Semicolon"), ("tab", "Tab"), ("|", "Bar |")]


class UploadForm(DashboardForm):
    entity = forms.ChoiceField(help_text="What the rows are.")
    file = forms.FileField(
        allow_empty_file=True,
        label="CSV file",
        widget=forms.FileInput(attrs={"accept": ".csv,.tsv,.txt,text/csv"}),
        help_text=f"Up to {MAX_FILE_BYTES >> 20} MB and 1,000,000 rows. It is kept encrypted, and only until the import is over.",
    )
    has_header = forms.BooleanField(required=False, initial=True, label="The first row has the names of the columns")
    delimiter = forms.ChoiceField(required=False, choices=_DELIMITERS, label="Cells are separated by")
    encoding = forms.ChoiceField(required=False, choices=[("", "Find it out"), *((name, name) for name in CODECS)])

    def __init__(self, request: PageRequest) -> None:
        is_sent = request.method == "POST"
        super().__init__(
            request.POST if is_sent else None, request.FILES if is_sent else None, initial={"entity": request.GET.get("entity")}
        )
        with account_scope(request.account.id):
            entities = list(Entity.objects.order_by("name").values_list("slug", "name"))
        choice = self.fields["entity"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = entities
        self.has_entities = bool(entities)

    def options(self) -> FileOptions:
        delimiter = self.cleaned_data["delimiter"]
        return FileOptions(
            "\t" if delimiter == "tab" else delimiter or None, self.cleaned_data["encoding"] or None, self.cleaned_data["has_header"]
        )


# The check against forgery reads the body, so that it comes after it is known who asks, and how the body is to be read.
@csrf_exempt
@page("write", in_transaction=False)
def new_import(request: PageRequest) -> Page | HttpResponse:
    if request.method != "POST":
        return _form_page(UploadForm(request))
    request.upload_handlers = [UnnamedFileHandler(request, max_bytes=_MAX_BODY_BYTES)]
    try:
        forged = CsrfViewMiddleware(_unused).process_view(request, _unused, (), {})
        form = UploadForm(request)
    except RequestDataTooBig as error:
        return Page("fault.html", {"title": "This file is too large", "text": str(error)}, status=413)
    if forged is not None:
        return forged
    if form.is_valid():
        file: UploadedFile[bytes] = form.cleaned_data["file"]
        try:
            with file:
                record = take_file(
                    request.access,
                    file.file,  # type: ignore[arg-type]  # a file on disk, which UnnamedFileHandler made
                    entity=form.cleaned_data["entity"],
                    file_name=file.name or "",
                    options=form.options(),
                )
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return saved(request, f"{record.rows:,} rows were read. Say where each column goes.", "import", record.id)
    return _form_page(form)


def _unused(_request: HttpRequest) -> HttpResponse:
    raise NotImplementedError


def _form_page(form: UploadForm) -> Page:
    return Page("intake/new_import.html", {"heading": "Import a CSV file", "form": form}, status=400 if form.errors else 200)
