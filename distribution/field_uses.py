"""What uses the fields of an Entity, and what a change of them would break."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from distribution.fields import Fault, FieldSpec
from distribution.models import Assignment, Entity, Profile
from distribution.rules import OPERATORS, names_in


@dataclass(frozen=True, slots=True)
class Use:
    """kind: profile, assignment, entity or channel, whose id it is. words: the user, as in 'the rules of the profile Solar West'. loss: what
    becomes of it when the field goes. breaks_when_encrypted: whether it can do nothing with an encrypted field."""

    kind: str
    id: UUID
    words: str
    loss: str
    breaks_when_encrypted: bool

    def as_json(self) -> dict[str, str]:
        return {"kind": self.kind, "id": str(self.id), "words": self.words}


# Takes an Entity and gives what uses its fields, as pairs of a field's key and a Use.
FieldUser = Callable[[Entity], Iterator[tuple[str, Use]]]


@dataclass(frozen=True, slots=True)
class Broken:
    """A field that changes under those that use it. change: in words, such as 'was removed'."""

    key: str
    change: str
    uses: tuple[Use, ...]

    def fault(self) -> Fault:
        *others, last = (f"by {use.words}" for use in self.uses)
        users = f"{', '.join(others)} and {last}" if others else last
        return Fault(f"fields.{self.key}", "in_use", f"{self.key} is used {users}. Change these first, or send force=1.")

    def warnings(self) -> list[str]:
        return [f"{self.key} {self.change}: in {use.words} {use.loss}." for use in self.uses]


def find_uses(entity: Entity) -> dict[str, list[Use]]:
    """By the key of the field; what nothing uses is not there."""
    uses: dict[str, list[Use]] = defaultdict(list)
    for find in _field_users():
        for key, use in find(entity):
            uses[key].append(use)
    return dict(uses)


@cache
def _field_users() -> tuple[FieldUser, ...]:
    """Named in the settings, since layers above use fields too."""
    return tuple(import_string(name) for name in settings.FIELD_USERS)


def find_broken(entity: Entity, columns: Mapping[str, Any], old: Sequence[FieldSpec], new: Sequence[FieldSpec]) -> list[Broken]:
    """What uses a field that is removed, changes its type or becomes encrypted. columns: what else of the Entity changes with it."""
    present = {spec.key: spec for spec in new}
    changed = {spec.key: words for spec in old if (words := _change(spec, present.get(spec.key)))}
    if not changed:
        return []
    planned = copy(entity)
    for name, value in columns.items():
        setattr(planned, name, value)
    uses = find_uses(planned)
    return [Broken(key, words, hit) for key, words in changed.items() if (hit := _hit(uses.get(key, []), words))]


_ENCRYPTED = "is encrypted now"


def _change(old: FieldSpec, new: FieldSpec | None) -> str:
    if new is None:
        return "was removed"
    if new.type != old.type:
        return f"is of the type {new.type} now"
    return _ENCRYPTED if new.is_encrypted and not old.is_encrypted else ""


def _hit(uses: Sequence[Use], change: str) -> tuple[Use, ...]:
    return tuple(use for use in uses if use.breaks_when_encrypted or change != _ENCRYPTED)


def find_rule_uses(entity: Entity) -> Iterator[tuple[str, Use]]:
    """In the rules of profiles and assignments, and in the Entity itself."""
    for profile in Profile.objects.filter(entity_id=entity.id).order_by("id"):
        yield from _uses_in(profile.rules, kind="profile", owner_id=profile.id, owner=f"the profile {profile.name}")
    for assignment in Assignment.objects.filter(profile__entity_id=entity.id).select_related("partner", "profile").order_by("id"):
        owner = f"{assignment.partner.name} in {assignment.profile.name}"
        yield from _uses_in(assignment.rules, kind="assignment", owner_id=assignment.id, owner=owner)
    if entity.display_field:
        words, loss = "the display field", "leads go by another name"
        yield entity.display_field, Use("entity", entity.id, words, loss, breaks_when_encrypted=True)
    for key in dict.fromkeys(_base(name) for names in entity.duplicates["match"] for name in names):
        words, loss = "the match keys of duplicates", "the keys with it find nobody who came before"
        yield key, Use("entity", entity.id, words, loss, breaks_when_encrypted=False)


def _uses_in(rules: Any, *, kind: str, owner_id: UUID, owner: str) -> Iterator[tuple[str, Use]]:
    breaks: dict[str, bool] = {}
    for name, operator in names_in(rules):
        key = _base(name)
        is_blind = operator in OPERATORS and OPERATORS[operator].is_blind
        breaks[key] = breaks.get(key, False) or not is_blind
    words, loss = f"the rules of {owner}", "conditions on it that no longer fit are false"
    for key, is_broken in breaks.items():
        yield key, Use(kind, owner_id, words, loss, breaks_when_encrypted=is_broken)


def _base(name: str) -> str:
    """Of a part of an address, the address."""
    return name.partition(".")[0]
