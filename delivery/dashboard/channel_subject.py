"""What the pages of a channel are about: the assignment that the address names, its channel, and the leads it can be tried with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, QueryDict

from accounts.dashboard.records import record_or_404
from delivery.models import DeliveryChannel
from distribution.entity_table import specs_of
from distribution.fields import FieldSpec
from distribution.models import Assignment


@dataclass(frozen=True, slots=True)
class Subject:
    """channel: the primary one; None if there is none yet."""

    assignment: Assignment
    specs: Sequence[FieldSpec]
    channel: DeliveryChannel | None

    @property
    def ids(self) -> tuple[UUID, UUID]:
        """As the addresses of its pages have them."""
        return self.assignment.profile_id, self.assignment.id

    def stored(self, kind: str) -> dict[str, Any] | None:
        """The config of the channel, if it is of this kind."""
        return self.channel.config if self.channel and self.channel.kind == kind else None

    def draft(self, kind: str) -> DeliveryChannel:
        """The channel that would be changed by saving; a new one if there is none of this kind."""
        if self.channel and self.channel.kind == kind:
            return self.channel
        return DeliveryChannel(account_id=self.assignment.account_id, assignment=self.assignment, kind=kind)


def find_subject(profile_id: str, assignment_id: str) -> Subject:
    profile = _id(profile_id)
    if profile is None:
        raise Http404
    rows = Assignment.objects.filter(profile_id=profile).select_related("partner", "profile__entity")
    assignment = record_or_404(rows.prefetch_related("profile__entity__fields"), assignment_id)
    channel = DeliveryChannel.objects.filter(assignment=assignment, is_primary=True).select_related("health").first()
    if channel is not None:
        channel.assignment = assignment
    return Subject(assignment, specs_of(assignment.profile.entity), channel)


def chosen_lead(query: QueryDict) -> UUID | None:
    """None for the sample, which also stands for what is no id."""
    return _id(query.get("lead", ""))


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
