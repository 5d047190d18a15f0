"""The first page of an account: what came, what arrived, what needs somebody."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.dashboard.pages import Page, PageRequest, page
from accounts.ids import first_id_of
from accounts.models import Alert
from delivery.models import ChannelHealth
from delivery.volume import Hour, Volume, hours_of, sum_up
from leadflip.dashboard.charts import Day, sparkline, volume_chart
from leadflip.dashboard.first_steps import first_steps

SPANS = (7, 30, 90)
_ATTENTION = 5

# Leads of the last day that no profile sent anywhere; counting ends where people stop caring how many. On a day with more leads than that, the
# newest are looked at, each by itself: joined to them, the deliveries of all time would be looked through.
_UNMATCHED = """
SELECT count(*) FROM (
    SELECT 1 FROM (
        SELECT id FROM distribution_lead WHERE account_id = %s AND id >= %s AND erased_at IS NULL ORDER BY id DESC LIMIT 5000
    ) lead LEFT JOIN LATERAL (SELECT true AS is_sent FROM delivery_delivery WHERE lead_id = lead.id LIMIT 1) delivery ON true
    WHERE is_sent IS NULL LIMIT 1000
) few
"""


@dataclass(frozen=True, slots=True)
class Figure:
    """change: against the span before, ready to show; tone: whether that is good (`ok`), bad, or neither (empty)."""

    label: str
    icon: str
    value: str
    change: str
    tone: str
    points: str


@page("read")
def overview(request: PageRequest) -> Page:
    now = timezone.now()
    days = _span(request)
    steps = first_steps()
    today = timezone.localdate(now)
    since = _midnight(today - timedelta(days=days - 1))
    hours = hours_of(request.access.account_id, since=since - timedelta(days=days), now=now)
    present = [hour for hour in hours if hour.begins >= since]
    before = [hour for hour in hours if hour.begins < since]
    volume = sum_up(present)
    is_ready = all(step.is_done for step in steps)
    per_day = _by_day(present, first=today - timedelta(days=days - 1), days=days)
    failing = list(_failing())
    context: dict[str, Any] = {
        "heading": "Overview",
        "days": days,
        "spans": SPANS,
        "figures": _figures(volume, sum_up(before), [sum_up(hours) for hours in per_day.values()]),
        "chart": volume_chart([Day(day, *_delivered_and_failed(hours)) for day, hours in per_day.items()]),
        "steps": [] if is_ready else steps,
        "alerts": list(_alerts(failing)),
        "failing": failing,
        # A new account has a way to go, and nothing to see yet.
        "is_new": not is_ready and not volume.leads,
        "unmatched": _unmatched(request, now),
    }
    return Page("leadflip/overview.html", context)


def _span(request: PageRequest) -> int:
    wanted = request.GET.get("days", "")
    return int(wanted) if wanted in map(str, SPANS) else 30


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _by_day(hours: Iterable[Hour], *, first: date, days: int) -> dict[date, list[Hour]]:
    found: dict[date, list[Hour]] = {first + timedelta(days=number): [] for number in range(days)}
    for hour in hours:
        found.setdefault(timezone.localdate(hour.begins), []).append(hour)
    return found


def _delivered_and_failed(hours: Sequence[Hour]) -> tuple[int, int]:
    return sum(hour.delivered for hour in hours), sum(hour.failed + hour.rejected for hour in hours)


def _figures(now: Volume, before: Volume, days: Sequence[Volume]) -> list[Figure]:
    return [
        Figure("Leads received", "inbox", f"{now.leads:,}", _growth(now.leads, before.leads), _tone(now.leads, before.leads), sparkline([d.leads for d in days])),
        Figure("Delivered", "send", f"{now.delivered:,}", _growth(now.delivered, before.delivered), _tone(now.delivered, before.delivered), sparkline([d.delivered for d in days])),
        Figure(
            "Delivery success", "circle-check", "—" if now.success is None else f"{now.success:.1%}", _points(now.success, before.success),
            _tone(now.success, before.success), sparkline([1.0 if d.success is None else d.success for d in days]),
        ),
        Figure(
            "Time to delivery", "timer", _time(now.p50_ms), f"95 % within {_time(now.p95_ms)}" if now.p95_ms is not None else "", "",
            sparkline([d.p50_ms or 0.0 for d in days]),
        ),
    ]  # fmt: skip


def _growth(now: int, before: int) -> str:
    return f"{(now - before) / before:+.1%} on the days before" if before else ""


def _points(now: float | None, before: float | None) -> str:
    return "" if now is None or before is None else f"{(now - before) * 100:+.1f} points on the days before"


def _tone(now: float | None, before: float | None) -> str:
    if now is None or before is None or now == before:
        return ""
    return "ok" if now > before else "bad"


def _time(ms: float | None) -> str:
    if ms is None:
        return "—"
    for limit, one, unit in ((1000.0, 1.0, "ms"), (60_000.0, 1000.0, "s"), (3_600_000.0, 60_000.0, "min")):
        if ms < limit:
            return f"{ms / one:,.0f} {unit}" if unit == "ms" else f"{ms / one:,.1f} {unit}"
    return f"{ms / 3_600_000:,.1f} h"


def _failing() -> Iterable[ChannelHealth]:
    failing = ChannelHealth.objects.filter(failing_since__isnull=False, channel__is_primary=True)
    return failing.select_related("channel__assignment__partner", "channel__assignment__profile").order_by("failing_since")[:_ATTENTION]


def _alerts(failing: Iterable[ChannelHealth]) -> Iterable[Alert]:
    """Those that say more than that these channels fail."""
    return Alert.objects.open().exclude(subject_id__in=[health.channel_id for health in failing]).order_by("-id")[:_ATTENTION]


def _unmatched(request: PageRequest, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_UNMATCHED, [request.access.account_id, first_id_of(now - timedelta(days=1))])
        return int(cursor.fetchone()[0])
