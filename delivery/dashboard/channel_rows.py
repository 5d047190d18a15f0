"""The rows of a channel's form: fields, headers, rules about answers. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.http import QueryDict

from delivery.channels.webhook.answer_rules import MEANINGS
from delivery.dashboard.channel_form import ANSWER_PARTS, rows_of
from delivery.payload import chosen_fields
from distribution.fields import SYSTEM_KEYS, FieldSpec

Errors = Mapping[str, Sequence[str]]  # by the names of controls


@dataclass(frozen=True, slots=True)
class FieldRow:
    """name: as it is sent, empty for its key. is_gone: the Entity has no such field any more."""

    key: str
    label: str
    name: str
    is_sent: bool
    is_encrypted: bool
    is_gone: bool
    is_first: bool
    is_last: bool
    errors: Sequence[str]


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """is_kept: a value is stored that nobody sees again; an empty control leaves it."""

    number: int
    name: str
    value: str
    is_secret: bool
    is_kept: bool
    name_errors: Sequence[str]
    value_errors: Sequence[str]


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """status, text, regex, path, equals, then, reason: as typed, each with its errors."""

    number: int
    parts: Mapping[str, str]
    errors: Mapping[str, Sequence[str]]
    meanings: Sequence[tuple[str, str]] = field(default=tuple((name, name.capitalize()) for name in MEANINGS))


def field_rows(typed: QueryDict, specs: Sequence[FieldSpec], errors: Errors) -> list[FieldRow]:
    by_key = {spec.key: spec for spec in specs}
    keys = typed.getlist("field")
    sent = set(typed.getlist("send"))
    labels = chosen_fields({"mode": "selected", "selected": [{"key": key} for key in keys]}, specs)
    return [
        FieldRow(
            key=info.key,
            label=info.label,
            name=typed.get(f"as-{info.key}", ""),
            is_sent=info.key in sent,
            is_encrypted=info.key in by_key and by_key[info.key].is_encrypted,
            is_gone=info.key not in by_key and info.key not in SYSTEM_KEYS,
            is_first=place == 0,
            is_last=place == len(keys) - 1,
            errors=errors.get(f"as-{info.key}", ()),
        )
        for place, info in enumerate(labels)
    ]


def header_rows(typed: QueryDict, kept: frozenset[str], errors: Errors) -> list[HeaderRow]:
    """kept: names, in lower case, of the headers whose value is stored."""
    rows = []
    for number in rows_of(typed, "headers"):
        name, value = typed.get(f"headers-{number}-name", ""), typed.get(f"headers-{number}-value", "")
        rows.append(
            HeaderRow(
                number=number,
                name=name,
                value=value,
                is_secret=f"headers-{number}-secret" in typed,
                is_kept=not value and name.strip().lower() in kept,
                name_errors=[*errors.get(f"headers-{number}-name", ()), *errors.get(f"headers-{number}-secret", ())],
                value_errors=errors.get(f"headers-{number}-value", ()),
            )
        )
    return rows


def answer_rows(typed: QueryDict, errors: Errors) -> list[AnswerRow]:
    return [
        AnswerRow(
            number,
            {part: typed.get(f"answers-{number}-{part}", "") for part in ANSWER_PARTS},
            {part: errors.get(f"answers-{number}-{part}", ()) for part in ANSWER_PARTS},
        )
        for number in rows_of(typed, "answers")
    ]
