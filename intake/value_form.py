"""A form made of an Entity's fields, for whoever brings a lead by hand. It checks nothing itself: what is typed goes the way of every lead, and the
faults found there stand at their fields."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from accounts.dashboard.forms import DashboardForm
from distribution.fields import Fault, FieldSpec
from distribution.fields.number import number_text

# Before each name, so that a field called like one of the form's own is no trouble.
_PREFIX = "value_"
_PARTS = {
    "street": "Street",
    "house_number": "House number",
    "postcode": "Postcode",
    "city": "City",
    "state": "State",
    "country": "Country",
}
# What browsers fill in by themselves, by the key of a field.
_AUTOCOMPLETE = {
    "first_name": "given-name",
    "last_name": "family-name",
    "name": "name",
    "company": "organization",
    "zip": "postal-code",
    "postcode": "postal-code",
    "city": "address-level2",
    "email": "email",
    "phone": "tel",
}


class _RawField(forms.Field):
    """Takes whatever was typed. required: only how it is drawn."""

    def validate(self, value: Any) -> None:
        pass


def _select(spec: FieldSpec) -> forms.Widget:
    return forms.Select(choices=[("", "—"), *_choices(spec)])


def _number(spec: FieldSpec) -> forms.Widget:
    limits = {name: number_text(spec.options[name]) for name in ("min", "max") if name in spec.options}
    return forms.NumberInput({"step": number_text(spec.options["step"]) if "step" in spec.options else "any", **limits})


_WIDGETS: dict[str, Callable[[FieldSpec], forms.Widget]] = {
    "text": lambda spec: forms.TextInput(_max_length(spec)),
    "textarea": lambda spec: forms.Textarea({"rows": 3, **_max_length(spec)}),
    "number": _number,
    "email": lambda _spec: forms.EmailInput(),
    "phone": lambda _spec: forms.TextInput({"type": "tel"}),
    "date": lambda _spec: forms.DateInput({"type": "date"}),
    "datetime": lambda _spec: forms.DateTimeInput({"type": "datetime-local", "step": "any"}),
    "select": _select,
    "multi_select": lambda spec: forms.CheckboxSelectMultiple(choices=_choices(spec)),
    "checkbox": lambda _spec: forms.CheckboxInput(),
    "url": lambda _spec: forms.TextInput({"inputmode": "url", "placeholder": "https://"}),
}


class ValueForm(DashboardForm):
    """zone: in which dates with a time are typed."""

    use_required_attribute = False

    def __init__(self, *args: Any, specs: Sequence[FieldSpec], zone: ZoneInfo, **options: Any) -> None:
        super().__init__(*args, **options)
        self._specs, self._zone = specs, zone
        for spec in specs:
            for name, field in _fields_of(spec, zone):
                self.fields[name] = field
        self.order_fields([name for spec in specs for name in _names(spec)])

    def raw(self) -> dict[str, Any]:
        """As intake takes a lead. Wants a form that was validated."""
        given: dict[str, Any] = {}
        for spec in self._specs:
            for name in _names(spec):
                value = self.cleaned_data.get(name)
                if (typed := self._typed(spec, value)) is not None:
                    given[name.removeprefix(_PREFIX)] = typed
        return given

    def _typed(self, spec: FieldSpec, value: Any) -> Any:
        match spec.type:
            case "checkbox":
                # An unticked box says no, save where a tick is asked for: there it is missing.
                return value or (None if spec.is_required else False)
            case "datetime" if value:
                return _in_zone(str(value), self._zone)
            case _:
                return value or None

    def add_lead_faults(self, faults: Iterable[Fault]) -> None:
        """Each at its field; of an address, at its first part."""
        specs = {spec.key: spec for spec in self._specs}
        for fault in faults:
            spec = specs.get(fault.attr.partition(".")[0])
            # Which type was wanted, whoever looks at the control can see.
            detail = f"{spec.label} is missing." if spec and fault.code == "required" else fault.detail
            self.add_error(_names(spec)[0] if spec else None, forms.ValidationError(detail, code=fault.code))

    def value_fields(self) -> list[forms.BoundField]:
        return [self[name] for spec in self._specs for name in _names(spec)]


def _names(spec: FieldSpec) -> list[str]:
    if spec.type == "address":
        return [f"{_PREFIX}{spec.key}.{part}" for part in _PARTS]
    return [f"{_PREFIX}{spec.key}"]


def _fields_of(spec: FieldSpec, zone: ZoneInfo) -> Iterable[tuple[str, forms.Field]]:
    is_needed = spec.is_required and spec.default is None
    if spec.type == "address":
        defaults: Mapping[str, Any] = spec.default or {}
        for part, label in _PARTS.items():
            yield (
                f"{_PREFIX}{spec.key}.{part}",
                _RawField(label=f"{spec.label}: {label.lower()}", required=is_needed, initial=defaults.get(part), widget=forms.TextInput()),
            )
        return
    widget = _WIDGETS[spec.type](spec)
    if spec.key in _AUTOCOMPLETE and not spec.is_encrypted:
        widget.attrs["autocomplete"] = _AUTOCOMPLETE[spec.key]
    elif spec.is_encrypted:
        widget.attrs["autocomplete"] = "off"
    yield f"{_PREFIX}{spec.key}", _RawField(label=spec.label, required=is_needed, initial=_initial(spec, zone), widget=widget)


def _initial(spec: FieldSpec, zone: ZoneInfo) -> Any:
    if spec.type == "datetime" and spec.default:
        return f"{datetime.fromisoformat(spec.default).astimezone(zone):%Y-%m-%dT%H:%M}"
    return number_text(spec.default) if spec.type == "number" and spec.default is not None else spec.default


def _in_zone(text: str, zone: ZoneInfo) -> str:
    """What is no moment stays as it is, for its fault."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if moment.tzinfo else moment.replace(tzinfo=zone).isoformat()


def _choices(spec: FieldSpec) -> list[tuple[str, str]]:
    return [(choice["value"], choice["label"]) for choice in spec.options.get("choices", ())]


def _max_length(spec: FieldSpec) -> dict[str, Any]:
    return {"maxlength": spec.options["max_length"]} if "max_length" in spec.options else {}
