"""The controls of a channel's form: what they are called and how they look. What is typed into them is checked by delivery.channel_config."""

from collections.abc import Mapping
from typing import Any

from django import forms

from accounts.dashboard.forms import DashboardForm
from delivery.channels.email.config import DEFAULT_SUBJECT
from delivery.channels.reading import MAX_IN_FLIGHT
from delivery.channels.webhook.config import MAX_TIMEOUT
from delivery.retry import MAX_DELAYS

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TEMPLATE: Mapping[str, Any] = {"data-template": "", "spellcheck": "false", "autocomplete": "off", "class": "code"}


class _Needed(forms.CharField):
    """Without the word "optional" beside it. That it is missing, if it is, the channel's own check says."""

    def validate(self, value: Any) -> None:
        pass


class _Days(forms.MultipleChoiceField):
    def validate(self, value: Any) -> None:
        pass


def _text(label: str, help_text: str = "", *, needed: bool = False, **attrs: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": "off", **attrs})
    return (_Needed if needed else forms.CharField)(required=needed, label=label, help_text=help_text, widget=widget)


def _number(label: str, help_text: str = "", *, needed: bool = False) -> forms.CharField:
    return _text(label, help_text, needed=needed, inputmode="numeric")


def _area(label: str, help_text: str = "", *, needed: bool = False, **attrs: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3, **attrs})
    return (_Needed if needed else forms.CharField)(required=needed, label=label, help_text=help_text, strip=False, widget=widget)


def _secret(label: str) -> forms.CharField:
    # Never filled from what is stored; what was typed comes back, or a mistake elsewhere in the form would cost it.
    widget = forms.PasswordInput(attrs={"autocomplete": "off"}, render_value=True)
    return _Needed(label=label, strip=False, widget=widget)


def _choice(label: str, choices: Mapping[str, str], help_text: str = "") -> forms.CharField:
    widget = forms.RadioSelect(choices=list(choices.items()), attrs={"class": "choices"})
    return _Needed(label=label, help_text=help_text, widget=widget)


def _menu(label: str, choices: Mapping[str, str], help_text: str = "") -> forms.CharField:
    return _Needed(label=label, help_text=help_text, widget=forms.Select(choices=list(choices.items())))


def _tick(label: str, help_text: str = "") -> forms.BooleanField:
    return forms.BooleanField(required=False, label=label, help_text=help_text)


class ChannelControls(DashboardForm):
    """Of both kinds."""

    use_required_attribute = False

    fields_mode = _choice("Which fields", {"all": "All fields", "selected": "A choice of them"})
    include_encrypted = _tick(
        "Include encrypted fields",
        "They leave Leadflip in clear text, and what the partner does with them is out of your hands.",
    )
    retry_policy = _choice("When a try fails", {"standard": "Standard", "fast": "Fast", "none": "No retries", "custom": "Custom"})
    retry_delays = _text(
        "Wait between tries", f"1 to {MAX_DELAYS} delays, separated by commas: 30s, 5m, 2h, 1d. Together at most 8 days.", needed=True
    )
    max_in_flight = _number("At once", f"How many leads may be on their way at the same time, 1 to {MAX_IN_FLIGHT}.", needed=True)
    rate_per_minute = _number("Per minute", "Most tries in 60 seconds. Empty: as fast as it goes.")


class WebhookControls(ChannelControls):
    url = _text(
        "Address", "Where the partner takes leads, by POST.", needed=True, inputmode="url", placeholder="https://", spellcheck="false"
    )
    payload_format = _choice("Body", {"json": "JSON", "json_flat": "Flat JSON", "form": "Form", "template": "Template"})
    content_type = _menu(
        "Content type",
        {
            "application/json": "JSON",
            "application/x-www-form-urlencoded": "Form, URL-encoded",
            "text/xml": "XML",
            "text/plain": "Plain text",
        },
    )
    template = _area("Template", "Type {{ and the fields are offered.", needed=True, rows=12, **_TEMPLATE)
    timeout_seconds = _number("Timeout in seconds", f"For all of a try, 1 to {MAX_TIMEOUT}.", needed=True)
    auth_kind = _choice(
        "The partner wants",
        {"none": "None", "basic": "Basic", "bearer": "Bearer token", "api_key": "API key", "oauth2": "OAuth 2.0"},
    )
    basic_username = _text("User name", needed=True)
    basic_password = _secret("Password")
    bearer_token = _secret("Token")
    api_key_name = _text("Name", "Of the header, or of the parameter in the address.", placeholder="X-Api-Key", needed=True)
    api_key_in = _menu("Sent as", {"header": "A header", "query": "A parameter in the address"})
    api_key_value = _secret("Key")
    oauth2_token_url = _text(
        "Token endpoint",
        "Client credentials: a token is fetched here and renewed in time.",
        inputmode="url",
        placeholder="https://",
        needed=True,
    )
    oauth2_client_id = _text("Client ID", needed=True)
    oauth2_client_secret = _secret("Client secret")
    oauth2_scope = _text("Scope")
    oauth2_audience = _text("Audience")
    oauth2_credentials_in = _menu("Credentials are sent in", {"body": "The body", "header": "A Basic header"})
    take_partner_id = _text("Partner's own id", "Where it stands in a JSON answer.", placeholder="$.lead.id", spellcheck="false")
    take_price = _text("Price", "What the partner pays.", placeholder="$.lead.price", spellcheck="false")


class EmailControls(ChannelControls):
    recipients = _area("To", "One address per line, up to 10. Empty: the partner's own address.", rows=2, spellcheck="false")
    cc = _area("Cc", "One address per line.", rows=2, spellcheck="false")
    reply_to = _text("Reply to", inputmode="email")
    subject = _text("Subject", "Type {{ and the fields are offered.", needed=True, placeholder=DEFAULT_SUBJECT, **_TEMPLATE)
    format = _choice("Body", {"html": "HTML and text", "text": "Text only", "none": "No body"})
    body_template = _area(
        "Body template", "HTML. Empty: a clean table of the fields. Type {{ and the fields are offered.", rows=8, **_TEMPLATE
    )
    attach_csv = _tick("Attach the fields as a CSV file")
    csv_delimiter = _menu("Separated by", {"comma": "Comma", "semicolon": "Semicolon", "tab": "Tab", "pipe": "Vertical bar"})
    csv_file_name = _text("File name", "It may name fields too.", needed=True, **_TEMPLATE)
    csv_bom = _tick("Begin with a byte order mark", "By which Excel knows that the file is UTF-8.")
    batching_mode = _choice("Mails go out", {"off": "One per lead", "every": "Every so many minutes", "daily": "Daily"})
    batching_minutes = _number("Minutes", "1 to 1,440.", needed=True)
    batching_at = _text("At", "In the partner's time zone.", placeholder="08:00", inputmode="numeric", needed=True)
    batching_weekdays = _Days(
        label="On",
        choices=[(str(number), name) for number, name in enumerate(_WEEKDAYS, start=1)],
        widget=forms.CheckboxSelectMultiple(attrs={"class": "choices"}),
    )
    batching_max_leads = _number("Or once so many wait", "Empty: however many there are.")


CONTROLS: Mapping[str, type[ChannelControls]] = {"webhook": WebhookControls, "email": EmailControls}
