"""What the pages share: icons, times, addresses."""

import json
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from django import template
from django.apps import apps
from django.http import HttpRequest
from django.template import Context
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from lucide.templatetags.lucide import lucide

register = template.Library()


@register.simple_tag
def icon(name: str, size: int = 16) -> str:
    """An icon of lucide.dev. It is decoration: what it means must stand beside it, or in the control's label."""
    return _drawn(str(name), size)


@lru_cache(maxsize=512)
def _drawn(name: str, size: int) -> str:
    return lucide(name, size=size, aria_hidden="true", focusable="false", stroke_width="1.75", **{"class": "icon"})


@register.simple_tag(takes_context=True)
def url_of(context: Context, name: str, *ids: object) -> str:
    """The address of a page of the account that is open."""
    return reverse(name, args=[context["request"].account.slug, *ids])


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: Any) -> str:
    """The present query string with these values put in, or taken out where the value is empty; without the cursor, which belonged to the old one."""
    request: HttpRequest = context["request"]
    changed = request.GET.copy()
    for name in ("before", "after"):
        changed.pop(name, None)
    for name, value in changes.items():
        changed.pop(name, None)
        if value not in (None, ""):
            changed[name] = str(value)
    return f"?{changed.urlencode()}"


@register.filter
def when(moment: datetime | None) -> SafeString | str:
    """How long ago, or how soon; the exact time, in the account's zone, on hover."""
    if moment is None:
        return "—"
    local = timezone.localtime(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', moment.isoformat(), _exact(local), _distance(moment))


@register.filter
def model_words(model_name: str) -> str:
    """`deliverychannel` as people say it: delivery channel."""
    return _model_words().get(model_name, model_name)


@cache
def _model_words() -> dict[str, str]:
    return {model._meta.model_name or "": str(model._meta.verbose_name) for model in apps.get_models()}


@register.filter
def field_words(name: str) -> str:
    """A column's name as people say it: `is_enabled` is enabled, `retention_days` retention days."""
    return name.removeprefix("is_").replace("_", " ")


@register.filter
def value_words(value: Any) -> str:
    """A value of the audit log: what is empty as a dash, what has parts as JSON."""
    if value in (None, "", [], {}):
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


@register.filter
def exact(moment: datetime | None) -> str:
    return "—" if moment is None else _exact(timezone.localtime(moment))


def _exact(local: datetime) -> str:
    return f"{local:%b} {local.day}, {local:%Y, %H:%M:%S %Z}"


def _distance(moment: datetime) -> str:
    seconds = (timezone.now() - moment).total_seconds()
    size = abs(seconds)
    if size < 10:
        return "just now" if seconds >= 0 else "now"
    for limit, one, unit in ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (30 * 86_400, 86_400, "d")):
        if size < limit:
            number = f"{int(size // one)} {unit}"
            return f"{number} ago" if seconds >= 0 else f"in {number}"
    local = timezone.localtime(moment)
    return f"{local:%b} {local.day}, {local:%Y}"


@register.filter
def duration(ms: float | None) -> str:
    """Milliseconds as people say them."""
    if ms is None:
        return "—"
    return f"{ms:,.0f} ms" if ms < 1000 else f"{ms / 1000:,.1f} s"


@register.filter
def pretty(value: Any) -> str:
    """JSON to read."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


@register.filter
def initials(name: str) -> str:
    """At most two letters for the circle beside a name."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in [*words[:1], *words[1:][-1:]]).upper() or "?"


_TONES = {
    "delivered": "ok", "done": "ok", "active": "ok", "enabled": "ok", "healthy": "ok",
    "queued": "info", "sending": "info", "collecting": "info", "running": "info",
    "held": "warn", "paused": "warn", "retrying": "warn", "rejected": "warn",
    "failed": "bad", "cancelled": "plain",
}  # fmt: skip


@register.filter
def badge(state: str) -> SafeString:
    """A state as a coloured pill; the word itself says it, the colour only repeats it."""
    tone = _TONES.get(state, "plain")
    return format_html('<span class="badge badge-{}">{}</span>', tone, state.replace("_", " ").capitalize())


@register.simple_tag(takes_context=True)
def nav_item(context: Context, name: str, label: str, icon_name: str) -> SafeString:
    """A line of the sidebar, marked when the page that is open belongs to it."""
    request: HttpRequest = context["request"]
    address = url_of(context, name)
    is_here = request.path == address or (name != "overview" and request.path.startswith(address))
    current = mark_safe(' aria-current="page"') if is_here else ""
    drawn = mark_safe(_drawn(icon_name, 16))  # noqa: S308 - the icon is lucide's
    return format_html('<a class="nav-item" href="{}"{}>{}<span>{}</span></a>', address, current, drawn, label)
