"""How assignments deliver, as the pages of distribution show it. Delivery knows, and is a layer above: the settings name its function."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True)
class ChannelMark:
    """kind: `email` or `webhook`. tone: of its badge. word, detail: its state, such as "Paused", and a sentence about it."""

    kind: str
    tone: str
    word: str
    detail: str


# Takes the ids of assignments and gives the marks of those that have a channel.
MarkChannels = Callable[[Collection[UUID]], Mapping[UUID, ChannelMark]]


def channel_marks(assignment_ids: Collection[UUID]) -> Mapping[UUID, ChannelMark]:
    return _marking()(assignment_ids)


@cache
def _marking() -> MarkChannels:
    mark: MarkChannels = import_string(settings.CHANNEL_MARKS)
    return mark
