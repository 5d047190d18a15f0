"""Rules: a JSON tree, parsed, compiled to closures, explained to people. Pure: no database, time passed in."""

from distribution.rules.compile import MATCHES_ALL, CompiledRule, compile_rule
from distribution.rules.explain import Explanation, Finding, explain, first_failure, outcome_tree
from distribution.rules.lead import Blind, LeadView, blind_values, view_lead
from distribution.rules.operators import OPERATORS
from distribution.rules.tree import Rule, RuleError, encrypted_keys, load, names_in, parse

__all__ = [
    "MATCHES_ALL",
    "OPERATORS",
    "Blind",
    "CompiledRule",
    "Explanation",
    "Finding",
    "LeadView",
    "Rule",
    "RuleError",
    "blind_values",
    "compile_rule",
    "encrypted_keys",
    "explain",
    "first_failure",
    "load",
    "names_in",
    "outcome_tree",
    "parse",
    "view_lead",
]
