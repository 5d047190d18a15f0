"""New accounts."""

from django.utils.text import slugify

from accounts import audit
from accounts.access import access_of_account, find_account
from accounts.ids import new_id
from accounts.isolation import account_scope
from accounts.models import Account, Member, Role, User, create_api_key
from accounts.vault import new_account_key


class AccountExistsError(Exception):
    """The slug or the email address is taken."""


def create_account(name: str, *, email: str, password: str, slug: str = "", is_staff: bool = False) -> tuple[Account, str]:
    """Make an account, its owner and a first API key with every scope; return the account and the key.

    A person who has a sign-in already becomes owner of the new account too, and keeps their password.
    """
    account_id = new_id()
    slug = slug or slugify(name)[:50] or f"account-{account_id.hex[-8:]}"
    with account_scope(account_id):
        if find_account(slug):
            raise AccountExistsError(f"An account {slug!r} exists already.")
        account = Account.objects.create(id=account_id, name=name, slug=slug, wrapped_key=new_account_key(account_id))
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            user = User.objects.create_user(email, password, is_staff=is_staff, is_superuser=is_staff)
        Member.objects.create(account=account, user=user, role=Role.OWNER)
        api_key, key = create_api_key(account.id, name="First key")
        access = access_of_account(account)
        audit.record(access, "created", account)
        audit.record(access, "created", api_key)
    return account, key
