"""Which cleaner serves which field type."""

from collections.abc import Callable
from typing import Any, Protocol

from distribution.fields.address import AddressCleaner
from distribution.fields.choice import CheckboxCleaner, MultiSelectCleaner, SelectCleaner
from distribution.fields.moment import DateCleaner, DatetimeCleaner
from distribution.fields.number import NumberCleaner
from distribution.fields.spec import FieldSpec
from distribution.fields.text import EmailCleaner, PhoneCleaner, TextareaCleaner, TextCleaner, UrlCleaner


class ValueCleaner(Protocol):
    """Gives the normalised value, None for an empty one; raises RefusedError. Cleaning its result changes nothing."""

    @property
    def wanted(self) -> str:
        """What would have been right, to end a fault's sentence."""

    def __call__(self, raw: Any) -> Any: ...


_MAKERS: dict[str, Callable[[FieldSpec, str | None], ValueCleaner]] = {
    "text": lambda spec, _region: TextCleaner(spec.options),
    "textarea": lambda spec, _region: TextareaCleaner(spec.options),
    "number": lambda spec, _region: NumberCleaner(spec.options),
    "email": lambda _spec, _region: EmailCleaner(),
    "phone": lambda _spec, region: PhoneCleaner(region),
    "date": lambda _spec, _region: DateCleaner(),
    "datetime": lambda _spec, _region: DatetimeCleaner(),
    "select": lambda spec, _region: SelectCleaner(spec.options),
    "multi_select": lambda spec, _region: MultiSelectCleaner(spec.options),
    "checkbox": lambda _spec, _region: CheckboxCleaner(),
    "url": lambda _spec, _region: UrlCleaner(),
    "address": lambda _spec, _region: AddressCleaner(),
}


def value_cleaner(spec: FieldSpec, *, default_region: str | None) -> ValueCleaner:
    """default_region: ISO 3166-1 alpha-2, the country of telephone numbers written without one, or None."""
    return _MAKERS[spec.type](spec, default_region)
