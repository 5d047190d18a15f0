from typing import Any

from django import forms

from accounts.dashboard.forms import DashboardForm, say_in_plain_words
from accounts.faults import RefusedChangeError
from distribution.caps import PERIODS
from distribution.models import Partner

_LIMITS = ("caps", "budgets")


def _from_zero(**attrs: Any) -> forms.NumberInput:
    """A number that is refused with the other faults, by the domain, and not before them."""
    return forms.NumberInput(attrs={"min": 0, **attrs})


class LimitsForm(DashboardForm):
    """Caps and budgets as single fields, `caps_day` and so on, which the domain takes as {"caps": {"day": …}}."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for period in PERIODS:
            label = "In total" if period == "total" else f"Per {period}"
            self.fields[f"caps_{period}"] = forms.IntegerField(required=False, label=label, widget=_from_zero())
            self.fields[f"budgets_{period}"] = forms.DecimalField(
                required=False, max_digits=12, decimal_places=2, label=label, widget=_from_zero(step="0.01")
            )
        say_in_plain_words(self)

    def limits(self) -> dict[str, dict[str, Any]]:
        return {
            kind: {period: self._amount(kind, period) for period in PERIODS if self.cleaned_data.get(f"{kind}_{period}") is not None}
            for kind in _LIMITS
        }

    def _amount(self, kind: str, period: str) -> Any:
        amount = self.cleaned_data[f"{kind}_{period}"]
        return amount if kind == "caps" else str(amount)

    @staticmethod
    def initial_limits(record: Any) -> dict[str, Any]:
        return {f"{kind}_{period}": amount for kind in _LIMITS for period, amount in getattr(record, kind).items()}

    def add_faults(self, refusal: RefusedChangeError) -> None:
        """`caps.day` stands at the field `caps_day`."""
        for fault in refusal.faults:
            head, _, rest = fault.attr.partition(".")
            name = f"{head}_{rest}" if head in _LIMITS else head
            self.add_error(name if name in self.fields else None, forms.ValidationError(fault.detail, code=fault.code))

    def cap_fields(self) -> list[forms.BoundField]:
        return [self[f"caps_{period}"] for period in PERIODS]

    def budget_fields(self) -> list[forms.BoundField]:
        return [self[f"budgets_{period}"] for period in PERIODS]


class PartnerForm(LimitsForm):
    name = forms.CharField(max_length=100)
    email = forms.CharField(max_length=254, required=False, help_text="Gets the leads of email channels that name no recipients.")
    phone = forms.CharField(max_length=32, required=False)
    time_zone = forms.CharField(
        max_length=64,
        label="Time zone",
        widget=forms.TextInput(attrs={"list": "time-zones"}),
        help_text="Caps reset, and digests go out, by its clock.",
    )
    tags = forms.CharField(max_length=1000, required=False, help_text="Separated by commas.")
    notes = forms.CharField(max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    is_active = forms.BooleanField(required=False, label="Active", help_text="While this is off, the partner gets no new leads.")

    PLAIN = ("name", "email", "phone", "time_zone", "notes", "is_active")

    def values(self) -> dict[str, Any]:
        """As distribution.partners takes them."""
        tags = [tag.strip()[:50] for tag in self.cleaned_data["tags"].split(",") if tag.strip()]
        return {**{name: self.cleaned_data[name] for name in self.PLAIN}, "tags": tags, **self.limits()}

    @classmethod
    def initial_of(cls, partner: Partner) -> dict[str, Any]:
        return {**{name: getattr(partner, name) for name in cls.PLAIN}, "tags": ", ".join(partner.tags), **cls.initial_limits(partner)}
