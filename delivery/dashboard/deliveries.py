"""The log: what went where, and what came of it; new rows appear while one looks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponse, QueryDict, StreamingHttpResponse

from accounts.dashboard.pages import Page, PageRequest, page
from accounts.dashboard.paging import Slice, newest_first
from delivery.dashboard.log_form import SEARCHED_LEADS, TABS, LogForm
from delivery.lead_names import LEADS_FOR_NAMES, LeadNames
from delivery.log_counts import Count, count_states
from delivery.log_export import export_csv
from delivery.models import Delivery, DeliveryChannel

# Read apart: joined, a page would be looked for among all rows of the join.
_SHOWN_WITH_IT = ("profile", "partner", Prefetch("channel", DeliveryChannel.objects.select_related("health")), LEADS_FOR_NAMES)
# By each tab: the newest page is asked for anew every few seconds, by everybody who looks at it.
_MOST_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    label: str
    count: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Row:
    """lead_name: empty for a test of a sample, and for a lead that was erased. lead_contact: its address or number, if it has one.
    took_ms: from the lead to the partner, once it is there."""

    delivery: Delivery
    lead_name: str
    lead_contact: str
    took_ms: float | None


@page("read")
def deliveries(request: PageRequest) -> Page:
    form = LogForm(request.GET)
    found = newest_first(form.rows().prefetch_related(*_SHOWN_WITH_IT), request.GET)
    context: dict[str, Any] = {
        "heading": "Deliveries",
        "form": form,
        "tabs": _tabs(form),
        "slice": Slice(rows_of(found.rows), found.newer, found.older),
        "searched_leads": SEARCHED_LEADS,
        "is_newest": not found.newer,
        "filter_query": filter_query(request.GET),
    }
    return Page("delivery/deliveries.html", context, part="log")


@page("read")
def export_deliveries(request: PageRequest) -> HttpResponse:
    answer = StreamingHttpResponse(export_csv(request.access, LogForm(request.GET).wanted()), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="deliveries-{request.account.slug}.csv"'
    return answer  # type: ignore[return-value]  # as good as one, for all that a page does with it


def rows_of(found: Sequence[Delivery]) -> list[Row]:
    names = LeadNames()
    return [Row(delivery, *names.with_contact_of(delivery), _took(delivery)) for delivery in found]


def filter_query(query: QueryDict) -> str:
    """The filters alone, without the place in the list."""
    kept = query.copy()
    for name in ("before", "after"):
        kept.pop(name, None)
    return kept.urlencode()


def _took(delivery: Delivery) -> float | None:
    if delivery.state != "delivered" or delivery.finished_at is None:
        return None
    return (delivery.finished_at - delivery.created_at).total_seconds() * 1000


def _tabs(form: LogForm) -> list[Tab]:
    counts = count_states(form.wanted(states=()), most=_MOST_COUNTED)
    return [Tab(name, label, _shown([counts[state] for state in states]), name == form.tab) for name, (label, states) in TABS.items()]


def _shown(counts: Sequence[Count]) -> str:
    """Empty for the tab of all, which nobody counts."""
    if not counts:
        return ""
    return f"{sum(count.count for count in counts):,}{'' if all(count.is_exact for count in counts) else '+'}"
