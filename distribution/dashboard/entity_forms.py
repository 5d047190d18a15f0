"""What one types about an Entity, and the same as distribution.entities takes it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from accounts.dashboard.forms import DashboardForm
from distribution.duplicates import ACTIONS
from distribution.fields import FIELD_TYPES
from distribution.models import Entity, Field
from distribution.retention import MAX_DAYS

TYPE_WORDS = {
    "text": "Text",
    "textarea": "Long text",
    "number": "Number",
    "email": "Email",
    "phone": "Telephone",
    "date": "Date",
    "datetime": "Date and time",
    "select": "One of a list",
    "multi_select": "Several of a list",
    "checkbox": "Yes or no",
    "url": "Web address",
    "address": "Postal address",
}
_ACTION_WORDS = {
    "off": "Do not look for duplicates",
    "skip": "Skip the new lead",
    "update": "Update the earlier lead",
    "create_anyway": "Store and send it all the same",
}
_CONTACT = [
    {"key": "first_name", "label": "First name", "type": "text"},
    {"key": "last_name", "label": "Last name", "type": "text"},
    {"key": "email", "label": "Email", "type": "email"},
    {"key": "phone", "label": "Phone", "type": "phone"},
    {"key": "zip", "label": "ZIP", "type": "text"},
]
_CHOICES = ("select", "multi_select")


class NewEntityForm(DashboardForm):
    name = forms.CharField(
        max_length=100, help_text="What you call these leads, such as “Solar leads”.", widget=forms.TextInput(attrs={"autofocus": True})
    )
    slug = forms.CharField(max_length=63, required=False, help_text="Its name in the API. Left empty, it is made from the name.")
    has_contact = forms.BooleanField(
        required=False,
        initial=True,
        label="Begin with contact fields",
        help_text="First name, last name, email, phone and ZIP; change them as you like.",
    )

    def values(self) -> dict[str, Any]:
        fields = _CONTACT if self.cleaned_data["has_contact"] else []
        return {"name": self.cleaned_data["name"], "slug": self.cleaned_data["slug"], "fields": fields}


class EntityForm(DashboardForm):
    name = forms.CharField(max_length=100)
    slug = forms.CharField(
        max_length=63, help_text="Its name in the API. After a change, programs that still send the old one are refused."
    )
    display_field = forms.ChoiceField(
        required=False, label="Leads are called by", help_text="In lists, and as {{ lead_name }} in templates."
    )
    action = forms.ChoiceField(choices=[(action, _ACTION_WORDS[action]) for action in ACTIONS], label="When a lead repeats an earlier one")
    match = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "email\nphone, last_name"}),
        label="What makes two leads the same",
        help_text="The keys of fields, one combination per line, tried in order. All fields of a line must agree.",
    )
    window_days = forms.IntegerField(
        required=False, min_value=1, max_value=3650, label="Days to look back", help_text="Empty: as far as there are leads."
    )
    retention_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_DAYS,
        label="Days until a lead is erased",
        help_text="Empty: never. What is erased is gone for good.",
    )
    is_forced = forms.BooleanField(required=False, label="Do it all the same")

    def __init__(self, *args: Any, fields: Sequence[Field], **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["display_field"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", "The first text field"), *((field.key, field.label) for field in fields)]

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        keys = [[name.strip() for name in line.split(",") if name.strip()] for line in data["match"].splitlines()]
        return {
            "name": data["name"],
            "slug": data["slug"],
            "display_field": data["display_field"],
            "duplicates": {"action": data["action"], "match": [key for key in keys if key], "window_days": data["window_days"]},
            "retention_days": data["retention_days"],
        }

    @staticmethod
    def initial_of(entity: Entity) -> dict[str, Any]:
        rule = entity.duplicates
        return {
            "name": entity.name,
            "slug": entity.slug,
            "display_field": entity.display_field,
            "action": rule["action"],
            "match": "\n".join(", ".join(key) for key in rule["match"]),
            "window_days": rule["window_days"],
            "retention_days": entity.retention_days,
        }

    # The domain speaks of `duplicates.match.0`; here it is a field of its own.
    def place_of(self, attr: str) -> str:
        head, _, rest = attr.partition(".")
        return rest.partition(".")[0] if head == "duplicates" and rest else head


class FieldForm(DashboardForm):
    """One field. Which of the options count depends on the type; the others are kept out."""

    label = forms.CharField(max_length=200)
    key = forms.CharField(max_length=63, required=False, help_text="Its name in the API. Left empty, it is made from the label.")
    type = forms.ChoiceField(choices=[(name, TYPE_WORDS[name]) for name in FIELD_TYPES])
    is_required = forms.BooleanField(required=False, label="Required", help_text="Leads that come without it are refused.")
    is_encrypted = forms.BooleanField(
        required=False,
        label="Encrypted",
        help_text="Stored encrypted, masked on every page, and sent only to partners whose channel includes it.",
    )
    default = forms.CharField(required=False, max_length=2000, help_text="For leads that come without a value.")
    choices = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "placeholder": "solar\nheat_pump = Heat pump"}),
        label="Choices",
        help_text="One per line: a value, or value = label.",
    )
    max_length = forms.IntegerField(required=False, min_value=1, label="Longest text, in characters")
    min = forms.DecimalField(required=False, label="Smallest number")
    max = forms.DecimalField(required=False, label="Largest number")
    step = forms.DecimalField(required=False, label="Step")
    is_forced = forms.BooleanField(required=False, label="Do it all the same")

    def description(self, *, key: str | None = None) -> dict[str, Any]:
        """As the API describes a field. key: of a field that is there already."""
        data = self.cleaned_data
        made = "_".join("".join(c if c.isascii() and c.isalnum() else " " for c in data["label"].lower()).split())[:63]
        return {
            "key": key or data["key"] or made,
            "label": data["label"],
            "type": data["type"],
            "required": data["is_required"],
            "is_encrypted": data["is_encrypted"],
            "default": data["default"] or None,
            "options": self._options(),
        }

    def _options(self) -> dict[str, Any] | list[Any]:
        data = self.cleaned_data
        if data["type"] in _CHOICES:
            return [_choice(line) for line in data["choices"].splitlines() if line.strip()]
        names = {"text": ("max_length",), "textarea": ("max_length",), "number": ("min", "max", "step")}.get(data["type"], ())
        return {name: data[name] for name in names if data[name] is not None}

    def place_of(self, attr: str) -> str:
        """`fields.3.options.max` stands at `max`; `fields.3.options.2`, which is a choice, at `choices`."""
        parts = attr.split(".")[2:]
        if parts[:1] == ["options"]:
            return parts[1] if len(parts) > 1 and parts[1] in self.fields else "choices"
        return {"required": "is_required"}.get(parts[0], parts[0]) if parts else ""

    @staticmethod
    def initial_of(field: Field) -> dict[str, Any]:
        choices = field.options.get("choices", [])
        lines = [choice["value"] if choice["value"] == choice["label"] else f"{choice['value']} = {choice['label']}" for choice in choices]
        plain = {name: getattr(field, name) for name in ("label", "key", "type", "is_required", "is_encrypted", "default")}
        return {**plain, **field.options, "choices": "\n".join(lines)}


def _choice(line: str) -> Mapping[str, str]:
    value, _, label = (part.strip() for part in line.partition("="))
    return {"value": value, "label": label or value}


def described(field: Field) -> dict[str, Any]:
    """A field that is there, as the API describes it."""
    return {
        "key": field.key, "label": field.label, "type": field.type, "required": field.is_required, "is_encrypted": field.is_encrypted,
        "default": field.default, "options": field.options,
    }  # fmt: skip
