"""What intake needs to know of an account, compiled, per process and configuration version."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from accounts.access import Access
from accounts.models import Account
from delivery.channels.email.batching import is_batched
from delivery.models import DeliveryChannel
from distribution.entity_table import EntityTable, load_entity_tables

_SIZE = 500


@dataclass(frozen=True, slots=True)
class Channel:
    """The primary channel of an assignment. pause_reason: empty unless it is paused. is_batched: it sends digests."""

    id: UUID
    pause_reason: str
    is_batched: bool = False


@dataclass(frozen=True, slots=True)
class AccountTable:
    """entities: by slug and by id."""

    entities: dict[str, EntityTable]
    channels: dict[UUID, Channel]


_tables: OrderedDict[tuple[UUID, int], AccountTable] = OrderedDict()
_lock = Lock()


def account_table(access: Access) -> AccountTable:
    """The table of the account that is set for this transaction. Every change of configuration makes a new version of it."""
    key = (access.account_id, access.config_version)
    with _lock:
        if found := _tables.get(key):
            _tables.move_to_end(key)
            return found
    table = _load(access)
    with _lock:
        _tables[key] = table
        while len(_tables) > _SIZE:
            _tables.popitem(last=False)
    return table


def _load(access: Access) -> AccountTable:
    channels = {
        channel.assignment_id: Channel(
            channel.id, (channel.pause_reason or "The channel is paused.") if channel.paused_at else "", is_batched(channel.config)
        )
        for channel in DeliveryChannel.objects.filter(is_primary=True).only("id", "assignment_id", "paused_at", "pause_reason", "config")
    }
    region = Account.objects.values_list("default_region", flat=True).get(id=access.account_id)
    tables = load_entity_tables(
        access.vault,
        {assignment_id: "paused" if channel.pause_reason else "ready" for assignment_id, channel in channels.items()},
        default_region=region,
    )
    by_name = {table.slug: table for table in tables} | {str(table.id): table for table in tables}
    return AccountTable(by_name, channels)
