"""What a partner's answer means by the channel's own rules, and what is taken out of it. Pure.

An answer is anybody's text. Whatever it holds, nothing here raises: a condition about JSON is not met by what is no JSON.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import cached_property
from typing import Any

from delivery.channels.webhook.answers import Judgement, status_text
from delivery.channels.webhook.json_path import compile_path
from delivery.outcome import Verdict
from distribution.fields.exact_json import load
from distribution.fields.faults import RefusedError
from distribution.fields.number import exact_number
from distribution.rules.pattern import compile_pattern

MAX_REFERENCE = 200
MAX_PRICE = Decimal("9999999999.99")
_CENT = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What `then` of a rule stands for. code: None is the status, as in `http_503`. words: what is told if the rule gives no reason."""

    verdict: Verdict
    code: str | None
    words: str


MEANINGS: Mapping[str, Meaning] = {
    "accepted": Meaning(Verdict.DELIVERED, "ok", "The partner took the lead"),
    "rejected": Meaning(Verdict.REJECTED, "rejected", "The partner rejected the lead"),
    "duplicate": Meaning(Verdict.REJECTED, "duplicate", "The partner has the lead already"),
    "retry": Meaning(Verdict.RETRY, None, "The partner wants the lead again later"),
    "failed": Meaning(Verdict.FAILED, None, "The partner cannot take the lead"),
}


class Content:
    """The body of one answer, read only as far as rules ask for it. is_whole: False if it was cut off; then it is no JSON."""

    def __init__(self, body: bytes, *, is_whole: bool = True) -> None:
        self._body = body
        self._is_whole = is_whole

    @cached_property
    def text(self) -> str:
        return self._body.decode(errors="replace")

    @cached_property
    def folded(self) -> str:
        return self.text.casefold()

    @cached_property
    def documents(self) -> tuple[Any, ...]:
        """The JSON document, or nothing if the body is none."""
        try:
            return (load(self._body),) if self._is_whole else ()
        except (ValueError, RecursionError):
            return ()

    def at(self, find: Callable[[Any], Iterator[Any]]) -> Iterator[Any]:
        for document in self.documents:
            yield from find(document)


Condition = Callable[[int, Content], bool]


@dataclass(frozen=True, slots=True)
class _Rule:
    conditions: tuple[Condition, ...]
    meaning: Meaning
    reason: str

    def judge(self, status: int) -> Judgement:
        verdict, code = self.meaning.verdict, self.meaning.code or f"http_{status}"
        return Judgement(verdict, code, self.reason or f"{self.meaning.words}: {status_text(status)}, by a rule of this channel.")


class AnswerRules:
    """The rules of one channel, as `answer_settings` stored them."""

    def __init__(self, answers: Sequence[Mapping[str, Any]], take: Mapping[str, str]) -> None:
        self._rules = [_Rule(_conditions(rule["when"]), MEANINGS[rule["then"]], rule["reason"]) for rule in answers]
        self._take = {name: compile_path(path) for name, path in take.items()}

    def judge(self, status: int, content: Content) -> Judgement | None:
        """By the first rule whose conditions are all met; None if there is none."""
        for rule in self._rules:
            if all(is_met(status, content) for is_met in rule.conditions):
                return rule.judge(status)
        return None

    def reference(self, content: Content) -> str:
        """The partner's own id; empty if it is not there, too long, or no text or whole number."""
        value = self._taken("partner_id", content)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value) if abs(value) < 10**30 else ""
        is_usable = isinstance(value, str) and value.isprintable() and len(value.strip()) <= MAX_REFERENCE
        return value.strip() if is_usable else ""

    def price(self, content: Content) -> Decimal | None:
        """Rounded half up to cents; None if it is not there or no amount."""
        value = self._taken("price", content)
        try:
            price = Decimal(exact_number(value))
        except RefusedError:
            return None
        return price.quantize(_CENT, rounding=ROUND_HALF_UP) if 0 <= price <= MAX_PRICE else None

    def _taken(self, name: str, content: Content) -> Any:
        find = self._take.get(name)
        return next(content.at(find), None) if find else None


def _conditions(when: Mapping[str, Any]) -> tuple[Condition, ...]:
    return tuple(_MAKERS[name](wanted) for name, wanted in when.items())


def _status_condition(wanted: Any) -> Condition:
    statuses = frozenset(number for item in (wanted if isinstance(wanted, list) else [wanted]) for number in statuses_of(item))
    return lambda status, _: status in statuses


def statuses_of(item: int | str) -> Sequence[int]:
    """One status, or the hundred that `2xx` stands for."""
    if isinstance(item, int):
        return (item,)
    first = int(item[0]) * 100
    return range(first, first + 100)


def _text_condition(wanted: str) -> Condition:
    folded = wanted.casefold()
    return lambda _, content: folded in content.folded


def _regex_condition(wanted: str) -> Condition:
    try:
        is_found = compile_pattern(wanted)
    except RefusedError:
        # Saved when it could be used; by now it cannot, and so is met by nothing.
        return lambda _, __: False
    return lambda _, content: is_found(content.text)


def _json_condition(wanted: Mapping[str, Any]) -> Condition:
    find = compile_path(wanted["path"])
    accepted = {_comparable(value) for value in (wanted["in"] if "in" in wanted else [wanted["equals"]])}
    return lambda _, content: any(_comparable(value) in accepted for value in content.at(find))


def _comparable(value: Any) -> Any:
    """Numbers by their value, all else by type and value: true is not 1, "1" is not 1. A list or an object equals nothing."""
    if isinstance(value, str) or value is None or isinstance(value, bool):
        return type(value), value
    try:
        return Decimal, Decimal(exact_number(value))
    except RefusedError:
        return object()


_MAKERS: Mapping[str, Callable[[Any], Condition]] = {
    "status": _status_condition,
    "text": _text_condition,
    "regex": _regex_condition,
    "json": _json_condition,
}
