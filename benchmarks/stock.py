"""Accounts, channels and a stock of leads with their deliveries, from which every measurement takes a fresh, equal queue."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from django.db import connections, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from accounts.access import Access, access_of_account
from accounts.ids import new_id
from accounts.isolation import account_scope
from accounts.models import Account
from accounts.signup import create_account
from benchmarks.sql_ids import id_at
from delivery.channel_settings import seal_secrets
from delivery.channels.webhook import KIND
from delivery.models import DeliveryChannel
from delivery.transport import outbound_policy
from distribution.entities import add_entity
from distribution.fields.exact_json import dump
from distribution.lead_values import SEALED_VALUES
from distribution.models import Entity
from distribution.partners import add_partner
from distribution.profiles import add_assignment, add_profile

ACCOUNTS, CHANNELS = 10, 5
# The first accounts have one channel more, whose partner is slow; see `fill`.
SLOW_ACCOUNTS, SLOW_MS, SLOW_EVERY = 3, 2_000, 20
ENTITY = {
    "name": "Solar Leads",
    "slug": "solar_leads",
    "fields": [
        {"key": "first_name", "label": "First name", "type": "text", "required": True},
        {"key": "last_name", "label": "Last name", "type": "text"},
        {"key": "email", "label": "Email", "type": "email"},
        {"key": "phone", "label": "Phone", "type": "text"},
        {"key": "zip", "label": "ZIP", "type": "text"},
        {"key": "city", "label": "City", "type": "text"},
        {"key": "budget", "label": "Budget", "type": "number"},
        {"key": "message", "label": "Message", "type": "text"},
        {"key": "ssn", "label": "SSN", "type": "text", "is_encrypted": True},
        {"key": "birthday", "label": "Birthday", "type": "text", "is_encrypted": True},
        {"key": "income", "label": "Income", "type": "text", "is_encrypted": True},
    ],
}
VALUES = {
    "first_name": "Jane", "last_name": "Doe", "email": "jane.doe@example.com", "phone": "+1 310 555 0100", "city": "Los Angeles", "budget": 25000,
    "message": "A roof of 120 square metres, facing south, built in 1998. Please call in the evening.",
}  # fmt: skip
SECRET_VALUES = {"ssn": "078-05-1120", "birthday": "1980-02-29", "income": "85000"}


@dataclass(frozen=True, slots=True)
class Route:
    """A channel and what a delivery through it names."""

    account: Account
    entity_id: UUID
    profile_id: UUID
    partner_id: UUID
    channel_id: UUID
    zip: str


class Stock:
    def __init__(self, *, url: str, slow_url: str, leads: int) -> None:
        self.leads = leads
        self.routes: list[Route] = []
        self.slow_routes: list[Route] = []
        self.keys: dict[UUID, str] = {}  # a key of each account, for the API
        for number in range(ACCOUNTS):
            self._open_account(number, url, slow_url)
        with connections["owner"].cursor() as cursor:
            cursor.execute("CREATE UNLOGGED TABLE bench_delivery (place int, is_slow bool, LIKE delivery_delivery INCLUDING DEFAULTS)")
        self._add_leads()
        with connections["owner"].cursor() as cursor:
            cursor.execute("CREATE INDEX ON bench_delivery (place)")

    @property
    def raw_lead(self) -> dict[str, Any]:
        return VALUES | SECRET_VALUES

    def point_to(self, url: str) -> None:
        """Send all but the slow channels' deliveries to another address."""
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "UPDATE delivery_deliverychannel SET config = jsonb_set(config, '{url}', to_jsonb(%s::text)) WHERE id = ANY(%s)",
                [url, [route.channel_id for route in self.routes]],
            )
            cursor.execute("UPDATE accounts_account SET config_version = config_version + 1")

    def fill(self, number: int, *, with_slow: bool = False) -> list[str]:
        """Empty the log and queue the first deliveries of the stock, as due now; return their ids. with_slow: 5 % more, for slow partners."""
        with connections["owner"].cursor() as cursor:
            cursor.execute("TRUNCATE delivery_delivery, delivery_attempt, delivery_rendering, delivery_channelhealth")
            cursor.execute(f"{_queue('id')} WHERE place < %s AND (%s OR NOT is_slow) ORDER BY id RETURNING id", [number, with_slow])
            ids = [str(row[0]) for row in cursor.fetchall()]
            settle(cursor)
        return ids

    def queue_more(self, number: int, *, routes: Sequence[Route], retry_in_hours: int = 0) -> None:
        """Queue so many deliveries besides, through the routes in turn, of the leads that the stock has of their accounts. Due now; or, as
        retries, in so many hours."""
        wanted: dict[str, Any] = {
            "number": number, "routes": len(routes), "leads": self.leads // ACCOUNTS, "hours": retry_in_hours,
            "accounts": [route.account.id for route in routes], "channels": [route.channel_id for route in routes],
            "profiles": [route.profile_id for route in routes], "partners": [route.partner_id for route in routes],
        }  # fmt: skip
        with connections["owner"].cursor() as cursor:
            # Without the keys' checks, each of which would look for its row.
            cursor.execute("SET session_replication_role = replica")
            cursor.execute(_QUEUE_MORE, wanted)
            cursor.execute("SET session_replication_role = DEFAULT")
            settle(cursor)

    def open_routes(self, name: str, *, per_account: int, url: str, timeout_seconds: int, max_in_flight: int) -> list[Route]:
        """More channels in every account, of which no lead is in stock."""
        found = []
        for account in {route.account.id: route.account for route in self.routes}.values():
            with account_scope(account.id):
                access, entity = access_of_account(Account.objects.get()), Entity.objects.get()
                found += [
                    _open_route(
                        access, account, entity, f"{name} {place}", zip_start="8", url=url, timeout_seconds=timeout_seconds,
                        max_in_flight=max_in_flight,
                    )
                    for place in range(per_account)
                ]  # fmt: skip
        return found

    def _open_account(self, number: int, url: str, slow_url: str) -> None:
        account, key = create_account(f"Bench {number}", email=f"bench{number}@leadflip.test", password=secrets.token_urlsafe())
        self.keys[account.id] = key
        with account_scope(account.id):
            Account.objects.update(is_http_allowed=True)
        account.is_http_allowed = True
        with account_scope(account.id):
            access = access_of_account(account)
            entity = add_entity(access, ENTITY)
            for place in range(CHANNELS):
                self.routes.append(_open_route(access, account, entity, f"Partner {place}", zip_start=str(place), url=url))
            if number < SLOW_ACCOUNTS:
                self.slow_routes.append(_open_route(access, account, entity, "Slow partner", zip_start="9", url=slow_url))

    def _add_leads(self) -> None:
        with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
            connection = cursor.connection
            _copy_leads(connection, [(self.routes[place % len(self.routes)], place, False) for place in range(self.leads)])
            slow = range(SLOW_EVERY - 1, self.leads, SLOW_EVERY - 1)
            _copy_leads(connection, [(self.slow_routes[place % len(self.slow_routes)], place, True) for place in slow])


def settle(cursor: CursorWrapper) -> None:
    """Statistics as a running installation's autovacuum keeps them; and no run pays for the one before."""
    cursor.execute("ANALYZE delivery_delivery, distribution_lead, delivery_deliverychannel, accounts_account")
    cursor.execute("CHECKPOINT")


_OTHER_COLUMNS = (
    "account_id, lead_id, channel_id, profile_id, partner_id, state, reason, is_test, is_retry, attempts_made, counted_attempts"
)


def _queue(new_id: str) -> str:
    return (
        f"INSERT INTO delivery_delivery (id, {_OTHER_COLUMNS}, next_attempt_at, created_at, updated_at)"
        f" SELECT {new_id}, {_OTHER_COLUMNS}, now(), now(), now() FROM bench_delivery"
    )


# As deliveries of their own, the first ones of the stock from one place up to another.
QUEUE_PLACES = f"{_queue(id_at('clock_timestamp()'))} WHERE place >= %s AND place < %s AND NOT is_slow RETURNING id"

_QUEUE_MORE = f"""
INSERT INTO delivery_delivery (id, account_id, lead_id, channel_id, profile_id, partner_id, state, reason, is_test, is_retry, attempts_made,
                               counted_attempts, next_attempt_at, created_at, updated_at)
SELECT {id_at("clock_timestamp()")}, route.account_id, lead.lead_id, route.channel_id, route.profile_id, route.partner_id, 'queued', '', false,
       %(hours)s > 0, (%(hours)s > 0)::int, (%(hours)s > 0)::int, now() + %(hours)s * interval '1 hour', now(), now()
FROM generate_series(0, %(number)s - 1) AS n
JOIN unnest(%(accounts)s, %(channels)s, %(profiles)s, %(partners)s) WITH ORDINALITY AS route(account_id, channel_id, profile_id, partner_id, place)
  ON route.place - 1 = n %% %(routes)s
JOIN (
    SELECT account_id, lead_id, row_number() OVER (PARTITION BY account_id ORDER BY place) - 1 AS turn FROM bench_delivery WHERE NOT is_slow
) lead ON lead.account_id = route.account_id AND lead.turn = n / %(routes)s %% %(leads)s
ORDER BY n
"""


def _open_route(
    access: Access,
    account: Account,
    entity: Entity,
    name: str,
    *,
    zip_start: str,
    url: str,
    timeout_seconds: int = 20,
    max_in_flight: int = 50,
) -> Route:
    partner = add_partner(access, {"name": name, "email": f"leads@{zip_start}.test"})
    rules = {"all": [{"field": "zip", "operator": "starts_with", "value": zip_start}]}
    profile = add_profile(access, {"name": f"For {name}", "entity": "solar_leads", "is_enabled": True, "rules": rules})
    assignment = add_assignment(access, profile, {"partner": str(partner.id), "priority": 1})
    header = {"name": "X-Api-Key", "value": "k-51e2bd0f", "secret": True}
    raw = {"url": url, "payload_format": "json", "headers": [header], "retry": {"policy": "standard"}, "max_in_flight": max_in_flight}
    raw["timeout_seconds"] = timeout_seconds
    config, secrets_ = KIND.clean_config(raw, fields=(), is_http_allowed=True, policy=outbound_policy(), old_secrets={})
    channel = DeliveryChannel(
        account=account,
        assignment=assignment,
        kind="webhook",
        config=config,
        fields={"mode": "all", "include_encrypted": True},
        max_in_flight=max_in_flight,
    )
    channel.sealed_secrets = seal_secrets(account.vault, channel.id, secrets_)
    channel.save()
    return Route(account, entity.id, profile.id, partner.id, channel.id, zip_start + "0210")


def _copy_leads(connection: "psycopg.Connection[Any]", places: list[tuple[Route, int, bool]]) -> None:
    now = timezone.now()
    leads, deliveries = [], []
    for route, place, is_slow in places:
        lead_id = new_id()
        vault, wrapped_key = route.account.vault.new_lead_key(lead_id)
        sealed = vault.seal(dump(SECRET_VALUES), purpose=SEALED_VALUES, record_id=lead_id)
        values = dump(VALUES | {"zip": route.zip}).decode()
        leads.append((lead_id, route.account.id, route.entity_id, "api", "new", values, sealed, wrapped_key, "", "", now, now))
        names = (route.account.id, lead_id, route.channel_id, route.profile_id, route.partner_id)
        deliveries.append((place, is_slow, new_id(), *names, "queued", "", False, False, 0, 0, now, now, now))
    lead_columns = 'id, account_id, entity_id, source, status, "values", sealed, wrapped_key, note, request_id, created_at, updated_at'
    delivery_columns = (
        "place, is_slow, id, account_id, lead_id, channel_id, profile_id, partner_id, state, reason, is_test, is_retry, attempts_made,"
        " counted_attempts, next_attempt_at, created_at, updated_at"
    )
    for table, columns, rows in (("distribution_lead", lead_columns, leads), ("bench_delivery", delivery_columns, deliveries)):
        with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
