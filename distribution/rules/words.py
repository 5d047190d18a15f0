"""A rule in one line of words."""

from distribution.fields.faults import cut
from distribution.rules.explain import HIDDEN, spoken, wanted_shown
from distribution.rules.tree import Condition, Group, Node, Rule

_JOINTS = {"all": " and ", "any": " or ", "none": " or "}
_MAX_WORDS = 200


def rule_words(rule: Rule) -> str:
    """At most 200 characters, such as "ZIP starts with 90 and (Budget is at least 1000 or State is CA)"; "every lead" for a rule without conditions.
    What is wanted of encrypted fields does not appear."""
    return cut(_words(rule.root, is_inner=False), _MAX_WORDS) if rule.root else "every lead"


def _words(node: Node, *, is_inner: bool) -> str:
    match node:
        case Group(kind=kind, children=children):
            listed = _JOINTS[kind].join(_words(child, is_inner=len(children) > 1 or kind == "none") for child in children)
            if kind == "none":
                return f"not ({listed})"
            return f"({listed})" if is_inner and len(children) > 1 else listed
        case Condition(field=field, operator=operator):
            wanted = HIDDEN if field.is_encrypted else spoken(wanted_shown(node))
            return f"{field.label} {operator.words.replace('{}', wanted)}"
        case _:
            return "a condition that no longer fits"
