"""Caps and budgets as a page shows them, with how much is used."""

from typing import Any

from distribution.caps import amount_shown
from distribution.limits import LimitState


def limit_shown(state: LimitState) -> dict[str, Any]:
    """part: how much of it is used, in per cent."""
    limit = state.limit
    return {
        "where": "All profiles" if state.assignment is None else state.assignment.profile.name,
        "is_own": state.assignment is not None,
        "measure": "Leads" if limit.measure == "leads" else "Budget",
        "period": "in total" if limit.period == "total" else f"per {limit.period}",
        "used": amount_shown(state.used, limit.measure),
        "most": amount_shown(limit.most, limit.measure),
        "part": min(100, round(100 * state.used / limit.most)) if limit.most else 100,
        "resets_at": state.resets_at,
    }
