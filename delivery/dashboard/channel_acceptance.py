"""Which rules about answers a real answer suggests: what in it may be the partner's sign that it took the lead. Pure."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery.channels.webhook.json_path import PathError, compile_path

MOST = 6
_MAX_TEXT = 60
_MAX_DEPTH = 4
# Names under which partners say how it went; such places are proposed first.
_TELLING = ("status", "result", "success", "accepted", "outcome", "state", "code", "ok", "message")
# What differs from lead to lead is no sign.
_OF_ONE_LEAD = re.compile(r"(.*[_-])?(id|uuid|guid|token|time|timestamp|date|at)|\w+Id", re.ASCII)
_OTHERWISE = {"when": {"status": "2xx"}, "then": "rejected", "reason": "The partner answered without its sign of acceptance."}


@dataclass(frozen=True, slots=True)
class Proposal:
    """words: the sign, for people. packed: the rules as the form takes them back."""

    words: str
    rules: Sequence[Mapping[str, Any]]

    @property
    def packed(self) -> str:
        return json.dumps(list(self.rules), ensure_ascii=False, separators=(",", ":"))


def propose(status: int | None, body: str | None) -> list[Proposal]:
    """From an answer with a 2xx; any other speaks of trouble. A sign inside the body comes with a rule that every other 2xx is a rejection."""
    if status is None or not 200 <= status < 300:
        return []
    by_status = Proposal(f"The status {status}", [{"when": {"status": status}, "then": "accepted"}])
    signs = sorted(_signs(_document(body)), key=_rank)[: MOST - 1]
    proposals = [
        _by_sign(f"{path} is {json.dumps(value, ensure_ascii=False)}", {"json": {"path": path, "equals": value}}) for path, value in signs
    ]
    if not signs and body and (text := _first_line(body)):
        proposals = [_by_sign(f"The text “{text}”", {"text": text})]
    return [*proposals, by_status]


def read_proposal(packed: str) -> list[dict[str, Any]]:
    """The rules of `Proposal.packed`, for `channel_typed.typed_rule`; none if it is no such text. Saving checks what they say."""
    try:
        rules = json.loads(packed)
    except (ValueError, RecursionError):
        return []
    return [rule for rule in rules if _is_rule(rule)] if isinstance(rules, list) else []


def _is_rule(rule: Any) -> bool:
    if not isinstance(rule, dict) or not isinstance(rule.get("then"), str) or not isinstance(rule.get("reason", ""), str):
        return False
    when = rule.get("when")
    if not isinstance(when, dict) or not isinstance(when.get("text", ""), str) or not isinstance(when.get("regex", ""), str):
        return False
    found = when.get("json")
    return found is None or (isinstance(found, dict) and isinstance(found.get("path"), str) and "equals" in found)


def _by_sign(words: str, sign: Mapping[str, Any]) -> Proposal:
    return Proposal(words, [{"when": sign, "then": "accepted"}, _OTHERWISE])


def _document(body: str | None) -> Any:
    try:
        return json.loads(body or "")
    except (ValueError, RecursionError):
        return None


def _signs(value: Any, path: str = "$", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Short values of an object, and their paths; lists are no place for a sign."""
    if not isinstance(value, dict) or depth == _MAX_DEPTH:
        return
    for name, inner in value.items():
        step = f"{path}.{name}" if name.isidentifier() else f"{path}['{name}']"
        if isinstance(inner, dict):
            yield from _signs(inner, step, depth + 1)
        elif _is_sign(inner) and not _OF_ONE_LEAD.fullmatch(name) and _is_path(step):
            yield step, inner


def _is_sign(value: Any) -> bool:
    if isinstance(value, str):
        return 0 < len(value) <= _MAX_TEXT and value.isprintable()
    return isinstance(value, bool) or (isinstance(value, int) and abs(value) < 10**15)


def _is_path(path: str) -> bool:
    try:
        compile_path(path)
    except PathError:
        return False
    return path.isprintable()


def _rank(sign: tuple[str, Any]) -> tuple[int, int]:
    path = sign[0]
    name = path.rpartition(".")[2].lower()
    return _TELLING.index(name) if name in _TELLING else len(_TELLING), path.count(".")


def _first_line(body: str) -> str:
    line = next((line.strip() for line in body.splitlines() if line.strip()), "")
    return line[:_MAX_TEXT].strip() if line.isprintable() else ""
