"""What one types about a profile and about a partner in it, and the same as distribution.profiles takes it."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import format_html

from accounts.dashboard.forms import DashboardForm
from distribution.dashboard.partner_form import LimitsForm
from distribution.duplicates import MAX_WINDOW_DAYS
from distribution.models import Assignment, AtCap, Entity, Partner, Profile, Strategy

STRATEGY_WORDS = {
    "send_to_all": ("Send to all", "Every partner whose rules match gets the lead."),
    "first_match": ("First match", "Of the partners that match, the one of the highest priority gets it."),
    "round_robin": ("Round robin", "Of the partners that match, the one that has waited longest gets it."),
    "weighted": ("Weighted", "The partners that match share the leads by their weights."),
    "highest_price": ("Highest price", "Of the partners that match, the one that pays most gets it."),
}
_AT_CAP_WORDS = {
    "skip": "The partner gets no lead",
    "hold": "Its leads wait until there is room",
    "overflow": "Its leads go to another partner",
}
_MAX_SMALL = 32_767
_MAX_INT = 2_147_483_647
PRIORITY = forms.IntegerField(min_value=-_MAX_INT, max_value=_MAX_INT, help_text="The highest comes first.")


def _strategies() -> list[tuple[str, str]]:
    return [(name, format_html("<span><strong>{}</strong> {}</span>", *STRATEGY_WORDS[name])) for name in Strategy.values]


class NewProfileForm(DashboardForm):
    name = forms.CharField(max_length=100, help_text="Such as “Solar – Southwest”.")
    entity = forms.ChoiceField(label="Leads of", help_text="Its fields are what the rules ask for. It stays what it is.")
    strategy = forms.ChoiceField(choices=_strategies, initial="send_to_all", widget=forms.RadioSelect)

    def __init__(self, *args: Any, entities: Sequence[Entity], **options: Any) -> None:
        super().__init__(*args, **options)
        entity = self.fields["entity"]
        assert isinstance(entity, forms.ChoiceField)
        entity.choices = [(str(one.id), one.name) for one in entities]

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "entity", "strategy")}


class ProfileForm(DashboardForm):
    name = forms.CharField(max_length=100)
    strategy = forms.ChoiceField(choices=_strategies, widget=forms.RadioSelect)
    max_partners = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=_MAX_SMALL,
        label="Most partners per lead",
        help_text="For “send to all”. Empty: every one that matches.",
    )
    is_enabled = forms.BooleanField(required=False, label="Enabled", help_text="A profile that is off gets no leads.")

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "strategy", "max_partners", "is_enabled")}

    @staticmethod
    def initial_of(profile: Profile) -> dict[str, Any]:
        return {name: getattr(profile, name) for name in ("name", "strategy", "max_partners", "is_enabled")}


class AssignmentForm(LimitsForm):
    """others: of the same profile, to which leads can overflow. partners: to choose from, for a new one."""

    partner = forms.ChoiceField()
    priority = PRIORITY
    price = forms.DecimalField(
        required=False, min_value=0, max_digits=12, decimal_places=2, help_text="Per lead, for budgets and “highest price”."
    )
    weight = forms.IntegerField(min_value=1, max_value=1000, help_text="Its share, where the strategy is “weighted”.")
    at_cap = forms.ChoiceField(choices=[(name, _AT_CAP_WORDS[name]) for name in AtCap.values], label="When a cap or budget is full")
    overflow_to = forms.ChoiceField(required=False, label="To which partner", help_text="If its rules match the lead and it has room.")
    repeat_days = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_WINDOW_DAYS,
        label="Same person again",
        help_text="After so many days, by the Entity’s match keys. Empty: always.",
    )
    is_enabled = forms.BooleanField(required=False, label="Enabled", help_text="A partner that is off here gets no leads of this profile.")

    PLAIN = ("priority", "price", "weight", "at_cap", "repeat_days", "is_enabled")

    def __init__(self, *args: Any, others: Sequence[Assignment], partners: Sequence[Partner] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        overflow, partner = self.fields["overflow_to"], self.fields["partner"]
        assert isinstance(overflow, forms.ChoiceField)
        assert isinstance(partner, forms.ChoiceField)
        overflow.choices = [("", "Nobody"), *((str(one.id), one.partner.name) for one in others)]
        partner.choices = [(str(one.id), one.name) for one in partners]
        if not partners:
            del self.fields["partner"]

    def values(self) -> dict[str, Any]:
        data = self.cleaned_data
        partner = {"partner": data["partner"]} if "partner" in data else {}
        return {**partner, **{name: data[name] for name in self.PLAIN}, "overflow_to": data["overflow_to"] or None, **self.limits()}

    @classmethod
    def initial_of(cls, assignment: Assignment) -> dict[str, Any]:
        plain = {name: getattr(assignment, name) for name in cls.PLAIN}
        return {**plain, "overflow_to": assignment.overflow_to_id, **cls.initial_limits(assignment)}
