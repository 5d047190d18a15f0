"""New accounts."""

from uuid import UUID

from allauth.account.models import EmailAddress
from django.utils.text import slugify

from accounts import audit
from accounts.access import access_of_account, find_account
from accounts.ids import new_id
from accounts.isolation import account_scope
from accounts.models import Account, Member, Role, User, create_api_key
from accounts.vault import new_account_key

_SLUG_LENGTH = 50


class AccountExistsError(Exception):
    """The slug or the email address is taken."""


def create_account(name: str, *, email: str, password: str, slug: str = "", is_staff: bool = False) -> tuple[Account, str]:
    """Make an account, its owner and a first API key with every scope; return the account and the key.

    A person who has a sign-in already becomes owner of the new account too, and keeps their password. Whoever may call this vouches for the
    address: a new person can sign in at once.
    """
    account_id = new_id()
    slug = slug or _slug_of(name, account_id)
    with account_scope(account_id):
        if find_account(slug):
            raise AccountExistsError(f"An account {slug!r} exists already.")
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            user = User.objects.create_user(email, password, is_staff=is_staff, is_superuser=is_staff)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        account = _make(account_id, name, slug=slug, owner=user)
        api_key, key = create_api_key(account.id, name="First key")
        audit.record(access_of_account(account), "created", api_key)
    return account, key


def open_account(name: str, *, owner: User) -> Account:
    """Make an account for somebody who signs up or wants another one. A name that is taken as an address gets a few letters more in its own."""
    account_id = new_id()
    slug = _slug_of(name, account_id)
    if find_account(slug):
        slug = f"{slug[: _SLUG_LENGTH - 7]}-{account_id.hex[-6:]}"
    with account_scope(account_id):
        return _make(account_id, name, slug=slug, owner=owner)


def _make(account_id: UUID, name: str, *, slug: str, owner: User) -> Account:
    account = Account.objects.create(id=account_id, name=name, slug=slug, wrapped_key=new_account_key(account_id))
    Member.objects.create(account=account, user=owner, role=Role.OWNER)
    audit.record(access_of_account(account), "created", account)
    return account


def _slug_of(name: str, account_id: UUID) -> str:
    return slugify(name)[:_SLUG_LENGTH] or f"account-{account_id.hex[-8:]}"
