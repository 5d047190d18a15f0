"""Word to the account's people when a cap or budget is nearly or wholly used, given by the very lead that did it, in its transaction."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts.alerts import NewAlert, raise_alert
from accounts.models import AlertKind
from distribution.caps import Crossing, amount_shown, resets_at, zone
from distribution.models import Assignment, Partner

# A cap per hour paces the leads; that it is reached is no news.
_UNTOLD = frozenset({"hour"})
_SPANS = {"day": "today", "week": "this week", "month": "this month", "total": "in all"}


def alert_of_caps(crossings: Sequence[Crossing]) -> None:
    """Within the account that is set."""
    for crossing in crossings:
        if crossing.key.period not in _UNTOLD:
            raise_alert(_alert(crossing))


def _alert(crossing: Crossing) -> NewAlert:
    key = crossing.key
    if key.subject == "assignment":
        assignment = Assignment.objects.select_related("partner", "profile").get(id=key.subject_id)
        partner, where = assignment.partner, f"{assignment.partner} in {assignment.profile}"
    else:
        partner = Partner.objects.get(id=key.subject_id)
        where = partner.name
    ends_at = resets_at(key.period, key.starts_at, zone(partner.time_zone))
    limit = "cap" if key.measure == "leads" else "budget"
    share = f"has used up its {limit}" if crossing.is_full else f"has used 80 % of its {limit}"
    return NewAlert(
        account_id=partner.account_id,
        kind=AlertKind.CAP_REACHED if crossing.is_full else AlertKind.CAP_NEAR,
        subject_type=key.subject,
        subject_id=key.subject_id,
        subject_label=where,
        # Another limit is another cap: that it is reached is news again.
        incident=f"{key.subject_id} {key.measure} {key.period} {key.starts_at:%Y-%m-%dT%H:%M:%SZ} {crossing.limit}",
        title=f"{where} {share} {_span(crossing, partner)}",
        text=f"{where} has {_amount(crossing)}. {_what_next(crossing, ends_at, partner)}",
        created_at=timezone.now(),
        resolved_at=ends_at,
    )


def _span(crossing: Crossing, partner: Partner) -> str:
    """A lead that is held for a later period takes its seat there."""
    if crossing.key.period != "total" and crossing.key.starts_at > timezone.now():
        return f"for the {crossing.key.period} from {_shown(crossing.key.starts_at, partner)}"
    return _SPANS[crossing.key.period]


def _amount(crossing: Crossing) -> str:
    measure = crossing.key.measure
    used, limit = amount_shown(crossing.used, measure), amount_shown(crossing.limit, measure)
    return f"{used} of {limit} leads" if measure == "leads" else f"leads for {used} of {limit}"


def _what_next(crossing: Crossing, ends_at: datetime | None, partner: Partner) -> str:
    if ends_at is None:
        return "It does not begin anew: raise it for more leads to go out." if crossing.is_full else "It does not begin anew."
    begins = f"It begins anew at {_shown(ends_at, partner)} ({partner.time_zone})"
    return f"{begins}; until then no more leads go out under it." if crossing.is_full else f"{begins}."


def _shown(moment: datetime, partner: Partner) -> str:
    return f"{moment.astimezone(zone(partner.time_zone)):%Y-%m-%d %H:%M}"
