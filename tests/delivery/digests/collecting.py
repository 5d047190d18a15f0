"""A shop whose one channel sends digests to a real inbox; background work and engine run in this process, and time is moved in the database."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connections
from django.utils import timezone

from accounts.mail_servers import set_mail_server
from delivery.channel_config import change_channel
from delivery.digest_rendering import put_digests_together
from delivery.digests import plan_digests
from delivery.models import Attempt, Delivery, DeliveryChannel, Digest
from intake.pipeline import IncomingLead, Receipt, receive_leads
from tests.builders import Shop as Account
from tests.builders import make_account, make_assignment, make_channel, make_entity, make_partner, make_profile
from tests.delivery.routes import deliver
from tests.flows.inbox import Inbox

HOURLY = {"mode": "every", "minutes": 60}
# Far enough that no engine waits for it: `Collecting.try_again` brings it near.
LATER = {"policy": "custom", "delays_seconds": [60, 60, 60]}


@dataclass
class Collecting:
    shop: Account
    channel: DeliveryChannel
    inbox: Inbox
    leads: int = field(default=0)

    def send(self, number: int, **values: Any) -> list[UUID]:
        """Leads named `Lead 1`, `Lead 2`, …, routed and waiting. Returns their ids."""
        names = [f"Lead {self.leads + n}" for n in range(1, number + 1)]
        self.leads += number
        with self.shop.open() as access:
            taken = receive_leads(access, "solar_leads", [IncomingLead({"first_name": name, **values}) for name in names], source="api")
        receipts = [one for one in taken if isinstance(one, Receipt)]
        assert len(receipts) == number, taken
        return [one.lead_id for one in receipts]

    def pass_an_hour(self) -> None:
        """What is open is due now."""
        with self.shop.open():
            Digest.objects.filter(closed_at=None).update(due_at=timezone.now() - timedelta(seconds=1))

    def try_again(self) -> None:
        """What waits for a later try is due now."""
        with connections["owner"].cursor() as cursor:
            cursor.execute("UPDATE delivery_delivery SET next_attempt_at = now() WHERE state = 'queued'")

    def send_digests(self) -> None:
        """All that collects is planned, falls due, is put together and sent."""
        work()
        self.pass_an_hour()
        work()
        deliver()

    def set_server(self, **values: Any) -> None:
        with self.shop.open() as access:
            server = {"host": "127.0.0.1", "port": self.inbox.port, "security": "none", "from_address": "leads@acme.test", **values}
            set_mail_server(access, server, password=None)

    def change(self, **config: Any) -> None:
        with self.shop.open() as access:
            channel = DeliveryChannel.objects.select_for_update().get(id=self.channel.id)
            change_channel(access, channel, {"config": config})

    def digests(self) -> list[Digest]:
        with self.shop.open():
            return list(Digest.objects.order_by("id"))

    def carriers(self) -> list[Delivery]:
        with self.shop.open():
            return list(Delivery.objects.filter(is_digest=True).order_by("id"))

    def members(self) -> list[Delivery]:
        with self.shop.open():
            return list(Delivery.objects.filter(is_digest=False).order_by("id"))

    def states(self) -> list[str]:
        return [member.state for member in self.members()]

    def attempts(self) -> list[Attempt]:
        with self.shop.open():
            return list(Attempt.objects.order_by("started_at"))


def work() -> None:
    while plan_digests() | put_digests_together():
        pass


def start_collecting(inbox: Inbox, *, batching: Any = None, fields: Any = None, has_server: bool = True, **config: Any) -> Collecting:
    shop = make_account()
    make_entity(shop)
    assignment = make_assignment(shop, make_profile(shop, strategy="send_to_all"), make_partner(shop))
    raw = {"recipients": ["leads@helios.test"], "batching": batching or HOURLY, "retry": LATER, **config}
    channel = make_channel(shop, assignment, {"kind": "email", "fields": fields or {"mode": "all"}, "config": raw})
    collecting = Collecting(shop, channel, inbox)
    if has_server:
        collecting.set_server()
    return collecting


__all__ = ["HOURLY", "Collecting", "deliver", "start_collecting", "work"]
