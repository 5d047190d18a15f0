"""An account that leads come in to: an Entity of eight fields, a profile, its partners, each with a webhook."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.utils.text import slugify

from accounts.access import Access, access_of_account
from accounts.isolation import account_scope
from accounts.models import Account
from accounts.signup import create_account
from delivery.channel_config import set_primary_channel
from distribution.entities import add_entity
from distribution.partners import add_partner
from distribution.profiles import add_assignment, add_profile

SLUG = "solar_leads"
FIELDS = [
    {"key": "first_name", "label": "First name", "type": "text", "required": True},
    {"key": "last_name", "label": "Last name", "type": "text"},
    {"key": "email", "label": "Email", "type": "email", "required": True},
    {"key": "phone", "label": "Phone", "type": "phone"},
    {"key": "zip", "label": "ZIP", "type": "text"},
    {"key": "city", "label": "City", "type": "text"},
    {"key": "budget", "label": "Budget", "type": "number"},
    {"key": "ssn", "label": "SSN", "type": "text", "is_encrypted": True},
]
RULES = {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}
# Nobody listens there: no worker runs while leads come in.
WEBHOOK = {"kind": "webhook", "fields": {"mode": "all"}, "config": {"url": "https://partner.example.com/leads"}}
_TABLES = ("delivery_delivery", "distribution_decision", "distribution_leadmatch", "distribution_lead", "distribution_capcounter")


def raw_lead(number: int) -> dict[str, Any]:
    """Of equal size for each number up to 9,999, and of another person."""
    return {
        "first_name": "Jane",
        "last_name": "Doe",
        "email": f"jane.doe.{number:04}@example.com",
        "phone": f"+1 310 555 {number:04}",
        "zip": "90210",
        "city": "Los Angeles",
        "budget": 25000,
        "ssn": f"078-05-{number:04}",
    }


@dataclass(frozen=True, slots=True)
class Shop:
    account: Account
    key: str

    @contextmanager
    def open(self) -> Iterator[Access]:
        with account_scope(self.account.id):
            yield access_of_account(Account.objects.get())

    def empty(self) -> None:
        """Forget all leads. Statistics as a running installation's autovacuum keeps them; and no run pays for the one before."""
        with connections["owner"].cursor() as cursor:
            # Without the keys' checks, of which one would look through all leads for each that goes.
            cursor.execute("SET session_replication_role = replica")
            for table in _TABLES:
                cursor.execute(f"DELETE FROM {table} WHERE account_id = %s", [self.account.id])
            cursor.execute("SET session_replication_role = DEFAULT")
            cursor.execute(f"VACUUM (ANALYZE) {', '.join(_TABLES)}")
            cursor.execute("CHECKPOINT")

    def stored(self) -> tuple[int, int, int]:
        """How many leads, decisions and deliveries there are."""
        with connections["owner"].cursor() as cursor:
            counts = ", ".join(
                f"(SELECT count(*) FROM {table} WHERE account_id = %(account)s)"
                for table in ("distribution_lead", "distribution_decision", "delivery_delivery")
            )
            cursor.execute(f"SELECT {counts}", {"account": self.account.id})
            leads, decisions, deliveries = cursor.fetchone()
        return leads, decisions, deliveries

    def like(self) -> dict[str, Any]:
        """The rows of a lead that has come in, for `bare_inserts`: values as JSON texts, bytes as hex."""
        with connections["owner"].cursor() as cursor:
            cursor.execute(_LIKE, [self.account.id])
            return dict(zip((column.name for column in cursor.description), cursor.fetchone(), strict=True))


_LIKE = """
SELECT l.account_id::text AS account, l.entity_id::text AS entity, l."values"::text AS content, encode(l.sealed, 'hex') AS sealed,
    encode(l.wrapped_key, 'hex') AS wrapped_key, l.request_id, d.profile_id::text AS profile, d.profile_name, d.detail::text AS detail,
    (SELECT array_agg(ARRAY[v.channel_id::text, v.partner_id::text]) FROM delivery_delivery v WHERE v.lead_id = l.id) AS ways
FROM distribution_lead l JOIN distribution_decision d ON d.lead_id = l.id WHERE l.account_id = %s LIMIT 1
"""


def open_shop(name: str, assignments: Sequence[Mapping[str, Any]], **profile: Any) -> Shop:
    """assignments: what each has beside its partner. Without any, there is no profile either."""
    account, key = create_account(name, email=f"{slugify(name)}@leadflip.test", password=secrets.token_urlsafe())
    shop = Shop(account, key)
    with shop.open() as access:
        add_entity(access, {"name": "Solar Leads", "slug": SLUG, "fields": FIELDS})
        if assignments:
            added = add_profile(access, {"name": "Solar West", "entity": SLUG, "is_enabled": True, "rules": RULES, **profile})
        for number, values in enumerate(assignments):
            partner = add_partner(access, {"name": f"Partner {number}", "email": "leads@helios.test"})
            assignment = add_assignment(access, added, {"partner": str(partner.id), "priority": 1, **values})
            set_primary_channel(access, assignment, WEBHOOK)
    return shop
