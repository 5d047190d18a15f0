"""Email settings: the account's own mail server, and a test message through it."""

from typing import Any

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.views.decorators.http import require_POST

from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, page, refused, saved
from accounts.isolation import account_scope
from accounts.mail_servers import set_mail_server
from accounts.models import MailSecurity, MailServer
from accounts.vault import SealError
from delivery.api.mail_server import MailServerBody
from delivery.channel_settings import open_mail_server
from delivery.outcome import Outcome, Verdict
from delivery.trial_mail import send_trial_mail
from delivery.waiting import release_for_mail_server
from delivery.wake import wake

_SECURITY = {MailSecurity.STARTTLS: "STARTTLS (587)", MailSecurity.TLS: "TLS (465)", MailSecurity.NONE: "None"}
_NAMES = ("host", "port", "security", "username", "from_address", "from_name")
_START = {"port": 587, "security": MailSecurity.STARTTLS}
_UNREADABLE = "The password cannot be read with the master keys of this server. Type it in again."


class MailServerForm(DashboardForm):
    """What is typed here is checked by the same MailServerBody as over the API."""

    use_required_attribute = False

    host = forms.CharField(
        label="Server", help_text="Its name, such as smtp.example.com.", widget=forms.TextInput(attrs={"spellcheck": "false"})
    )
    port = forms.CharField(label="Port", widget=forms.TextInput(attrs={"inputmode": "numeric"}))
    security = forms.ChoiceField(
        label="Security",
        choices=[(security.value, label) for security, label in _SECURITY.items()],
        widget=forms.RadioSelect(attrs={"class": "choices"}),
    )
    username = forms.CharField(required=False, label="User name", widget=forms.TextInput(attrs={"autocomplete": "off"}))
    password = forms.CharField(
        required=False, label="Password", strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )
    forget_password = forms.BooleanField(required=False, label="The server wants no password: forget the stored one")
    from_address = forms.CharField(label="From address", help_text="Partners see it as the sender.", widget=forms.EmailInput())
    from_name = forms.CharField(required=False, label="From name")

    def __init__(self, *args: Any, has_password: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if has_password:
            self.fields["password"].widget.attrs["placeholder"] = "••••••"
            self.fields["password"].help_text = "Stored. Leave it empty to keep it."
        else:
            del self.fields["forget_password"]

    def checked(self) -> dict[str, Any] | None:
        """The values, the password among them if it is to change; None with the faults at their fields."""
        if not self.is_valid():
            return None
        typed = {name: self.cleaned_data[name] for name in _NAMES}
        if self.cleaned_data.get("forget_password"):
            typed["password"] = ""
        elif self.cleaned_data["password"]:
            typed["password"] = self.cleaned_data["password"]
        body = MailServerBody(data=typed)
        if body.is_valid():
            return dict(body.validated_data)
        self._place(body.errors)
        return None

    def _place(self, errors: Any) -> None:
        for name, faults in errors.items():
            for fault in faults:
                self.add_error(name if name in self.fields else None, str(fault))


@page("admin")
def email_settings(request: PageRequest) -> Page | HttpResponse:
    server = MailServer.objects.first()
    has_password = server is not None and server.sealed_password is not None
    if request.method != "POST":
        stored = {name: getattr(server, name) for name in _NAMES} if server else _START
        return _page(server, MailServerForm(initial=stored, has_password=has_password))
    form = MailServerForm(request.POST, has_password=has_password)
    values = form.checked()
    if values is None:
        return _page(server, form, status=400)
    set_mail_server(request.access, values, password=values.pop("password", None))
    release_for_mail_server(request.access.account_id)
    transaction.on_commit(wake)
    return saved(request, "Saved. Send a test message to see whether it works.", "email_settings")


@require_POST
@page("admin", in_transaction=False)
def send_test_message(request: PageRequest) -> Page | HttpResponse:
    """To whoever asks for it, through the server as it is saved."""
    with account_scope(request.account.id):
        server = MailServer.objects.first()
        try:
            settings = open_mail_server(request.access.vault, server) if server else None
        except SealError:
            return refused(request, _UNREADABLE, "email_settings")
    if server is None or settings is None:
        return refused(request, "Save a mail server first.", "email_settings")
    outcome = send_trial_mail(settings, to=request.user.email)
    form = MailServerForm(initial={name: getattr(server, name) for name in _NAMES}, has_password=server.sealed_password is not None)
    return _page(server, form, outcome=outcome)


def _page(server: MailServer | None, form: MailServerForm, *, outcome: Outcome | None = None, status: int = 200) -> Page:
    context = {
        "heading": "Email settings",
        "server": server,
        "form": form,
        "outcome": outcome,
        "is_taken": outcome is not None and outcome.verdict is Verdict.DELIVERED,
        "words": outcome.response_body.decode(errors="replace") if outcome else "",
    }
    return Page("delivery/email_settings.html", context, part="result" if outcome else "", status=status)
