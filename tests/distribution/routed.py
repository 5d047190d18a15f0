"""A profile of real partners, and leads routed through it on real connections, many at once."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connections

from accounts.isolation import account_scope
from distribution.cap_counters import lock_usage, write_taken
from distribution.entity_table import load_entity_tables
from distribution.models import Assignment
from distribution.profiles import change_assignment
from distribution.routing import ChannelState, Decision, ProfileSpec, cap_keys, choose, match, turn_profiles
from distribution.rules import LeadView
from distribution.turns import lock_turns, write_turns
from tests.builders import Shop, make_account, make_assignment, make_entity, make_partner, make_profile

NOW = datetime(2026, 5, 15, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Routed:
    shop: Shop
    assignments: Mapping[str, Assignment]
    spec: ProfileSpec

    def route(self, leads: int = 1, *, now: datetime = NOW) -> list[Decision]:
        """So many leads in one transaction."""
        account_id = self.shop.account.id
        with account_scope(account_id):
            matches = [match(self.spec, LeadView({}), now) for _ in range(leads)]
            turns = lock_turns(account_id, turn_profiles(matches))
            usage = lock_usage(account_id, cap_keys(matches))
            decisions = [choose(found, usage, turns) for found in matches]
            write_taken(usage)
            write_turns(turns)
        return decisions

    def route_at_once(self, leads: int, *, threads: int = 8) -> list[Decision]:
        """Each in a transaction of its own."""
        return [decision for (decision,) in at_once([self.route] * leads, threads=threads)]


def at_once[Result](calls: Sequence[Callable[[], Result]], *, threads: int = 8) -> list[Result]:
    """Each on a connection of its own; the results in the order of the calls."""

    def run(call: Callable[[], Result]) -> Result:
        try:
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as runners:
        return list(runners.map(run, calls))


def routed(partners: Mapping[str, Mapping[str, Any]], *, overflows: Mapping[str, str] | None = None, **values: Any) -> Routed:
    """partners: name → values of the assignment; the first has the highest priority. overflows: from which to which. values: of the profile."""
    shop = make_account()
    make_entity(shop)
    profile = make_profile(shop, **values)
    assignments = {
        name: make_assignment(shop, profile, make_partner(shop, name, time_zone="UTC"), **{"priority": -place, **own})
        for place, (name, own) in enumerate(partners.items())
    }
    with shop.open() as access:
        for source, target in (overflows or {}).items():
            change_assignment(access, assignments[source], {"at_cap": "overflow", "overflow_to": assignments[target].id})
        ready: dict[UUID, ChannelState] = {assignment.id: "ready" for assignment in assignments.values()}
        (table,) = load_entity_tables(access.vault, ready, default_region="US")
    (spec,) = table.profiles
    return Routed(shop, assignments, spec)


def who_got(decisions: list[Decision]) -> list[str]:
    return [chosen.partner_name for decision in decisions for chosen in decision.chosen]
