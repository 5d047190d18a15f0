import json
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from accounts import changes
from accounts.access import Access, access_of_account, find_account
from accounts.isolation import account_scope
from accounts.mail_servers import set_mail_server
from accounts.models import Account, User, create_api_key
from accounts.signup import create_account
from delivery.channel_config import set_primary_channel
from delivery.models import DeliveryChannel
from distribution.entities import add_entity, find_entity
from distribution.models import Assignment, Partner
from distribution.partners import add_partner
from distribution.profiles import add_assignment, add_profile

SLUG = "demo"
EMAIL = "demo@leadflip.test"

_ENTITY = {
    "name": "Solar Leads",
    "slug": "solar_leads",
    "display_field": "first_name",
    "fields": [
        {"key": "first_name", "label": "First name", "type": "text", "required": True},
        {"key": "email", "label": "Email", "type": "email"},
        {"key": "phone", "label": "Phone", "type": "phone"},
        {"key": "zip", "label": "ZIP", "type": "text"},
        {"key": "budget", "label": "Budget", "type": "number"},
        {"key": "ssn", "label": "SSN", "type": "text", "is_encrypted": True},
    ],
}
_WEBHOOK_PARTNER, _MAIL_PARTNER = "Helios Direct", "Sunrise Mail"


class Command(BaseCommand):
    help = (
        "Make a demo account whose two partners are the sandbox: one receives webhooks, one receives mails. Where it exists it gets a new password, "
        "a new key and the sandbox's present addresses. Prints one line of JSON."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--sandbox-url", required=True, help="where the sandbox partner takes webhooks")
        parser.add_argument("--sandbox-smtp-port", required=True, type=int, help="its SMTP inbox on 127.0.0.1")
        parser.add_argument("--webhook-secret-file", required=True, type=Path, help="the channel's signing secret is written here")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        password = f"demo-{secrets.token_hex(4)}"
        account_id = find_account(SLUG)
        if account_id is None:
            account, api_key = create_account("Demo", email=EMAIL, password=password, slug=SLUG, is_staff=True)
            account_id = account.id
        else:
            api_key = ""
        with account_scope(account_id):
            access = access_of_account(Account.objects.get())
            if not api_key:
                api_key = self._renew(access, password)
            secret = self._set_up(access, options["sandbox_url"], options["sandbox_smtp_port"])
        options["webhook_secret_file"].touch(mode=0o600)
        options["webhook_secret_file"].write_text(secret)
        self.stdout.write(json.dumps({"account": SLUG, "email": EMAIL, "password": password, "api_key": api_key}))

    def _renew(self, access: Access, password: str) -> str:
        user = User.objects.get(email=EMAIL)
        user.set_password(password)
        user.save(update_fields=["password"])
        _, api_key = create_api_key(access.account_id, name="Demo key")
        return api_key

    def _set_up(self, access: Access, sandbox_url: str, smtp_port: int) -> str:
        """Return the webhook channel's signing secret."""
        changes.update(access, Account.objects.get(), {"is_http_allowed": urlsplit(sandbox_url).scheme == "http"})
        server = {"host": "127.0.0.1", "port": smtp_port, "security": "none", "from_address": "leads@demo.test", "from_name": "Demo"}
        set_mail_server(access, server, password=None)
        if find_entity("solar_leads") is None:
            add_entity(access, _ENTITY)
        webhook = self._assignment(access, _WEBHOOK_PARTNER, priority=20)
        email = self._assignment(access, _MAIL_PARTNER, priority=10)
        # A channel shows its secret only when it is made: a new one steps in for an older one, which keeps what waits in it.
        DeliveryChannel.objects.filter(assignment=webhook, is_primary=True).update(is_primary=False)
        _, secret = set_primary_channel(
            access,
            webhook,
            {
                "kind": "webhook",
                "fields": {"mode": "all", "include_encrypted": True},
                "config": {
                    "url": sandbox_url,
                    "payload_format": "json",
                    "headers": [{"name": "X-Api-Key", "value": "s3cret", "secret": True}],
                },
            },
        )
        set_primary_channel(
            access,
            email,
            {
                "kind": "email",
                "fields": {"mode": "all", "include_encrypted": False},
                "config": {
                    "recipients": ["leads@sunrise.test"],
                    "subject": "New Lead: {{lead_name}}",
                    "format": "html",
                    "attach_csv": True,
                },
            },
        )
        return secret or ""

    def _assignment(self, access: Access, partner_name: str, *, priority: int) -> Assignment:
        found = Assignment.objects.filter(partner__name=partner_name).select_related("partner", "profile__entity").first()
        if found is not None:
            return found
        slug = partner_name.split(maxsplit=1)[0].lower()
        values = {"name": partner_name, "email": f"leads@{slug}.test", "time_zone": "America/Los_Angeles", "caps": {"day": 500}}
        partner = Partner.objects.filter(name=partner_name).first() or add_partner(access, values)
        profile = add_profile(
            access,
            {
                "name": f"Solar West for {partner_name}",
                "entity": "solar_leads",
                "is_enabled": True,
                "rules": {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]},
            },
        )
        return add_assignment(access, profile, {"partner": str(partner.id), "priority": priority, "caps": {"day": 100}})
