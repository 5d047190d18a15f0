"""The kinds of Delivery Channel. A new one is a folder here and a line below."""

from delivery.channels.base import ChannelKind
from delivery.channels.email import KIND as EMAIL
from delivery.channels.webhook import KIND as WEBHOOK

KINDS: dict[str, ChannelKind] = {kind.name: kind for kind in (EMAIL, WEBHOOK)}
