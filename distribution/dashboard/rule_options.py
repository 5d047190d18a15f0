"""The options of selects that stand in every condition of a rule: written once, and the chosen one marked for each."""

from collections.abc import Iterable

from django.utils.html import escape, format_html_join
from django.utils.safestring import SafeString, mark_safe

# value, label
type Choice = tuple[str, str]


class FieldOptions:
    def __init__(self, groups: Iterable[tuple[str, list[Choice]]]) -> None:
        filled = ((heading, _options(choices)) for heading, choices in groups if choices)
        self._html = format_html_join("", '<optgroup label="{}">{}</optgroup>', filled)

    def choosing(self, value: str) -> SafeString:
        mark = f'value="{escape(value)}"'
        return mark_safe(self._html.replace(mark, f"{mark} selected", 1))  # noqa: S308 - both parts are escaped


def _options(choices: Iterable[Choice]) -> SafeString:
    return format_html_join("", '<option value="{}">{}</option>', choices)
