"""Who is known already: which earlier lead a new one repeats, over the database and over the batch that is coming in."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from distribution.duplicates import DuplicateRule, MatchKey, digests_of
from distribution.lead_matches import EarlierLead, latest_leads, lock_people

# What was refused or never went out was not sent; a test is nobody's lead.
_LAST_SENT = """
SELECT m.digest, d.profile_id, d.partner_id, max(d.created_at)
FROM distribution_leadmatch m JOIN delivery_delivery d ON d.lead_id = m.lead_id
WHERE m.entity_id = %s AND m.digest = ANY(%s) AND NOT d.is_test AND d.state NOT IN ('rejected', 'failed', 'cancelled')
GROUP BY m.digest, d.profile_id, d.partner_id
"""

type Digests = Mapping[bytes, MatchKey]
# A partner in a profile.
type Place = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Repetition:
    """An earlier lead of the same person. matched_by: the fields on which both agree."""

    of: EarlierLead
    matched_by: MatchKey


class People:
    """The people of one batch, locked for the transaction."""

    def __init__(self, entity_id: UUID, rule: DuplicateRule, digests: Iterable[Digests], now: datetime) -> None:
        self._entity_id, self._rule, self._now = entity_id, rule, now
        self._all = {digest for one in digests for digest in one}
        lock_people(entity_id, self._all)
        is_asked = rule.action != "off"
        self._latest = latest_leads(entity_id, self._all, now=now, window=rule.window) if is_asked else {}
        self._last_sent: dict[bytes, dict[Place, datetime]] = defaultdict(dict)
        self._knows_sent = False

    def repeated_by(self, digests: Digests) -> Repetition | None:
        """The lead that a new one with these digests repeats, by the first key that finds one."""
        return next((Repetition(self._latest[digest], key) for digest, key in digests.items() if digest in self._latest), None)

    def remember(self, digests: Digests, lead_id: UUID) -> None:
        """A lead of this batch is stored: the next ones may repeat it."""
        if self._rule.action != "off":
            self._latest |= dict.fromkeys(digests, EarlierLead(lead_id, self._now))

    def last_sent(self, digests: Digests) -> dict[Place, datetime]:
        """When this person was last sent to each partner in each profile."""
        if not self._knows_sent:
            self._load_last_sent()
        sent: dict[Place, datetime] = {}
        for digest in digests:
            for place, at in self._last_sent[digest].items():
                sent[place] = max(at, sent.get(place, at))
        return sent

    def remember_sent(self, digests: Digests, places: Iterable[Place]) -> None:
        for place in places:
            for digest in digests:
                self._last_sent[digest][place] = self._now

    def _load_last_sent(self) -> None:
        self._knows_sent = True
        if not self._all:
            return
        with connection.cursor() as cursor:
            cursor.execute(_LAST_SENT, [self._entity_id, list(self._all)])
            for digest, profile_id, partner_id, at in cursor.fetchall():
                self._last_sent[bytes(digest)].setdefault((profile_id, partner_id), at)


def digests_of_lead(rule: DuplicateRule, values: Mapping[str, Any], blind: Callable[[str, str], str], entity_id: UUID) -> Digests:
    return digests_of(rule.keys, values, blind, scope=str(entity_id)) if rule.keys else {}
