"""The options of a field's description, by type."""

from collections.abc import Callable, Mapping
from typing import Any

from distribution.fields.faults import RefusedError, cut, echo
from distribution.fields.number import exact_number
from distribution.fields.text import MAX_LENGTH, plain_text

MAX_CHOICES = 1_000
_MAX_CHOICE = 200

# Takes the path of a fault inside the options, its code and its words.
Report = Callable[[str, str, str], None]


def clean_options(field_type: str, raw: Any, report: Report) -> dict[str, Any]:
    """Return the options to store: JSON, numbers exact. Faults go to `report`; what they touch is left out."""
    if field_type in {"select", "multi_select"}:
        return _choices(raw, report)
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        report("", "invalid", f"The options are {echo(raw)}; wanted an object.")
        return {}
    known = {"text": ("max_length",), "textarea": ("max_length",), "number": ("min", "max", "step")}.get(field_type, ())
    for name in raw:
        if name not in known:
            wanted = f"any of {', '.join(known)}" if known else "none"
            report(cut(name), "unknown", f"{echo(name)} is no option of a {field_type} field; wanted {wanted}.")
    given = {name: raw[name] for name in known if raw.get(name) is not None}
    return _numbers(given, report) if field_type == "number" else _max_length(given, MAX_LENGTH.get(field_type, 0), report)


def _max_length(given: Mapping[str, Any], limit: int, report: Report) -> dict[str, Any]:
    if not given:
        return {}
    length = given["max_length"]
    if type(length) is int and 1 <= length <= limit:
        return {"max_length": length}
    report("max_length", "invalid", f"max_length is {echo(length)}; wanted a whole number from 1 to {limit:,}.")
    return {}


def _numbers(given: Mapping[str, Any], report: Report) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for name, raw in given.items():
        try:
            options[name] = exact_number(raw)
        except RefusedError as error:
            report(name, error.code, f"{name}: {echo(raw)} {error.fault}; wanted a number.")
    if options.get("step", 1) <= 0:
        report("step", "invalid", f"step is {echo(options.pop('step'))}; wanted a number above 0.")
    if "min" in options and "max" in options and options["min"] > options["max"]:
        report("max", "invalid", f"max is {echo(options['max'])}, less than min; wanted at least {echo(options['min'])}.")
    return options


def _choices(raw: Any, report: Report) -> dict[str, Any]:
    """Take {"choices": [...]} or the bare list; a choice is {"value", "label"} or a text that is both."""
    if isinstance(raw, Mapping) and raw.keys() <= {"choices"}:
        raw = raw.get("choices")
    if not isinstance(raw, list) or not 1 <= len(raw) <= MAX_CHOICES:
        shown = echo(raw) if not isinstance(raw, list) else f"{len(raw):,} in number"
        report("", "invalid", f'The options are {shown}; wanted a list of 1 to {MAX_CHOICES:,} of {{"value", "label"}}.')
        return {"choices": []}
    choices = [choice for index, item in enumerate(raw) if (choice := _choice(item, index, report))]
    _report_ambiguous(choices, report)
    return {"choices": choices}


def _choice(raw: Any, index: int, report: Report) -> dict[str, str] | None:
    item = raw if isinstance(raw, Mapping) else {"value": raw}
    try:
        value = None if item.get("value") is None else plain_text(item["value"], _MAX_CHOICE)
        label = value if item.get("label") is None else plain_text(item["label"], _MAX_CHOICE)
    except RefusedError as error:
        report(
            str(index),
            error.code,
            f"Option {index + 1} {error.fault}; wanted texts of at most {_MAX_CHOICE} characters.",
        )
        return None
    if value is None:
        report(str(index), "required", f"Option {index + 1} has no value; wanted a text.")
        return None
    return {"value": value, "label": label or value}


def _report_ambiguous(choices: list[dict[str, str]], report: Report) -> None:
    owners: dict[str, int] = {}
    for index, choice in enumerate(choices):
        for name in {choice["value"].casefold(), choice["label"].casefold()}:
            if owners.setdefault(name, index) != index:
                report(str(index), "duplicate", f"{echo(name)} stands for two options (case does not count); wanted one.")
                break
