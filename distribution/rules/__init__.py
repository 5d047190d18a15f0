"""Rules: a JSON tree, parsed, compiled to closures, explained to people. Pure: no database, time passed in."""

from distribution.rules.compile import MATCHES_ALL, CompiledRule, compile_rule
from distribution.rules.explain import UNTOLD, Explanation, Finding, explain, first_failure, outcome_tree, told_failure
from distribution.rules.lead import Blind, LeadView, blind_values, view_lead
from distribution.rules.operators import OPERATORS, Operator, Wants
from distribution.rules.targets import targets_of
from distribution.rules.tree import KINDS, MAX_DEPTH, Rule, RuleError, encrypted_keys, load, names_in, operator_names, parse
from distribution.rules.words import rule_words

__all__ = [
    "KINDS",
    "MATCHES_ALL",
    "MAX_DEPTH",
    "OPERATORS",
    "UNTOLD",
    "Blind",
    "CompiledRule",
    "Explanation",
    "Finding",
    "LeadView",
    "Operator",
    "Rule",
    "RuleError",
    "Wants",
    "blind_values",
    "compile_rule",
    "encrypted_keys",
    "explain",
    "first_failure",
    "load",
    "names_in",
    "operator_names",
    "outcome_tree",
    "parse",
    "rule_words",
    "targets_of",
    "told_failure",
    "view_lead",
]
