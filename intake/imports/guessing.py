"""Which field a column probably brings, by its name and its first cells. Pure."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from distribution.fields import FieldSpec
from distribution.fields.names import fold, names_of
from intake.imports.mapping import NOTE, STATUS, slots_of

# Names for one thing, folded. The type, if any: a field of that type is meant, whatever it is called.
_SYNONYMS: tuple[tuple[str, frozenset[str]], ...] = tuple(
    (field_type, frozenset(names.split()))
    for field_type, names in (
        ("email", "email mail emailaddress emailadresse mailaddress mailadresse courriel correo"),
        (
            "phone",
            "phone tel telephone telefon telefonnummer phonenumber phoneno mobile mobilephone mobil mobilnummer cell cellphone handy telnr telno",
        ),
        ("url", "website url web homepage webseite site"),
        ("", "firstname first givenname forename vorname prenom"),
        ("", "lastname last surname familyname nachname"),
        ("", "name fullname contact contactname ansprechpartner"),
        ("", "company companyname firma organization organisation unternehmen business"),
        ("", "zip zipcode postalcode postcode plz postleitzahl postal"),
        ("", "street streetaddress address adresse strasse addressline1"),
        ("", "housenumber streetnumber hausnummer hausnr"),
        ("", "city town locality ort stadt wohnort"),
        ("", "state province region bundesland"),
        ("", "country land nation"),
        ("", "dateofbirth birthdate birthday dob geburtsdatum geburtstag"),
    )
)
_SYSTEM_SYNONYMS = {
    STATUS: frozenset({"status", "leadstatus", "stage"}),
    NOTE: frozenset({"note", "notes", "comment", "comments", "remark", "remarks", "notiz", "notizen", "kommentar", "bemerkung"}),
}
# How the cells of such a column look, each of them.
_LOOKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("email", re.compile(r"[^@\s]{1,64}@[^@\s]{1,255}\.[^@\s.]{2,63}\Z")),
    ("url", re.compile(r"https?://\S{4,2000}\Z", re.IGNORECASE)),
    ("phone", re.compile(r"(\+|00)[\d ()/.-]{7,25}\Z", re.ASCII)),
)


@dataclass(frozen=True, slots=True)
class Guess:
    """field: a slot of `mapping`, or None. confidence: `high` (it has the field's key or label), `medium` (another word for it), `low` (its cells
    look like it), or None."""

    field: str | None = None
    confidence: str | None = None


def guess_fields(specs: Sequence[FieldSpec], names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Guess]:
    """One guess per column, in their order; each field is guessed once. rows: the cells of the first rows."""
    guesses = [Guess() for _ in names]
    free = set(slots_of(specs))
    known = names_of(specs)
    ways: tuple[tuple[str, Callable[[int], list[str]]], ...] = (
        ("high", lambda column: _by_name(names[column], known)),
        ("medium", lambda column: _by_synonym(names[column], specs)),
        ("low", lambda column: _by_looks([row[column].strip() for row in rows if column < len(row)], specs)),
    )
    for confidence, fields_for in ways:
        for column, guess in enumerate(guesses):
            field = None if guess.field else next((field for field in fields_for(column) if field in free), None)
            if field:
                guesses[column] = Guess(field, confidence)
                free -= {field} | _in_conflict(field, free)
    return guesses


def _in_conflict(field: str, free: set[str]) -> set[str]:
    """An address comes as a whole or in parts."""
    whole, _, part = field.partition(".")
    return {whole} if part else {slot for slot in free if slot.startswith(f"{field}.")}


def _by_name(name: str, known: dict[str, str]) -> list[str]:
    return [slot for slot in (known.get(name), known.get(fold(name))) if slot]


def _by_synonym(name: str, specs: Sequence[FieldSpec]) -> list[str]:
    word = _word(name)
    found = [slot for slot, synonyms in _SYSTEM_SYNONYMS.items() if word in synonyms]
    for field_type, synonyms in _SYNONYMS:
        if word in synonyms:
            found += [slot for slot in slots_of(specs) if _word(slot.rpartition(".")[2]) in synonyms]
            found += [spec.key for spec in specs if _word(spec.label) in synonyms]
            found += [spec.key for spec in specs if field_type and spec.type == field_type]
    # An address as a whole is not what a column of that name holds; its parts are.
    wholes = {spec.key for spec in specs if spec.type == "address"}
    return [slot for slot in found if slot not in wholes]


def _by_looks(cells: Sequence[str], specs: Sequence[FieldSpec]) -> list[str]:
    filled = [cell for cell in cells if cell]
    looks = [field_type for field_type, look in _LOOKS if filled and all(map(look.match, filled))]
    return [spec.key for field_type in looks for spec in specs if spec.type == field_type]


def _word(name: str) -> str:
    return fold(name).strip(".:*#()")
