"""A browser without JavaScript, signed in, in one account."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Member, Role, User
from tests.builders import Shop, make_member

HTMX = {"HX-Request": "true"}


@dataclass
class Visitor:
    """Opens pages of `/a/<slug>/`; `path` is what follows."""

    client: Client
    slug: str

    def url(self, path: str) -> str:
        return f"/a/{self.slug}/{path}"

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(self.url(path), **options)

    def post(self, path: str, data: Any = None, **options: Any) -> Any:
        return self.client.post(self.url(path), data or {}, **options)

    def html(self, path: str, **options: Any) -> str:
        """The page, which must be there."""
        answer = self.get(path, **options)
        assert answer.status_code == 200, (answer.status_code, answer.content[:500])
        return str(answer.content.decode())

    def count_queries(self, path: str) -> int:
        """How often the page asks the database, once whatever is done only the first time is done."""
        self.html(path)
        with CaptureQueriesContext(connection) as captured:
            self.html(path)
        return len(captured)


def sign_in(shop: Shop, role: str = "owner") -> Visitor:
    """As the account's first owner, or as a new member of another role."""
    user = _owner_of(shop) if role == "owner" else make_member(shop, f"{role}@{shop.account.slug}.test", role)
    client = Client()
    client.force_login(user)
    return Visitor(client, shop.account.slug)


def _owner_of(shop: Shop) -> User:
    with shop.open():
        return User.objects.get(id=Member.objects.get(role=Role.OWNER).user_id)
