"""The order of the assignments of a profile: changed by hand, kept as priorities."""

from collections.abc import Sequence
from uuid import UUID

from accounts.access import Access
from distribution.models import Assignment, Profile
from distribution.profiles import change_assignment

PRIORITY_STEP = 10


def order_assignments(access: Access, profile: Profile, ids: Sequence[UUID]) -> None:
    """The first gets the highest priority. What is not named goes after the others, as it stood; what is not of this profile is passed over."""
    rows = Assignment.objects.select_for_update(of=("self",)).filter(profile=profile).select_related("partner", "profile__entity")
    places = {assignment_id: place for place, assignment_id in reversed([*enumerate(ids)])}
    ordered = sorted(rows.order_by("id"), key=lambda one: (places.get(one.id, len(ids)), -one.priority))
    for assignment, priority in zip(ordered, priorities_for([one.priority for one in ordered]), strict=True):
        if assignment.priority != priority:
            change_assignment(access, assignment, {"priority": priority})


def priorities_for(present: Sequence[int]) -> list[int]:
    """Falling ones for assignments that now have these, in the order wanted: the same numbers where all differ, so that few change; else tens."""
    if len(set(present)) == len(present):
        return sorted(present, reverse=True)
    return [PRIORITY_STEP * left for left in range(len(present), 0, -1)]
