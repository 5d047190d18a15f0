"""A new master key takes over what the old one wrapped."""

import os
from io import StringIO

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from accounts.models import Account, User
from accounts.vault import SealError
from tests.builders import make_account

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


def rotate() -> str:
    out = StringIO()
    call_command("rotate_master_key", stdout=out)
    return out.getvalue()


def test_what_was_under_the_old_key_is_under_the_new_one_and_opens_as_before(settings: Settings) -> None:
    old, new = os.urandom(32), os.urandom(32)
    settings.MASTER_KEYS = {"old": old}
    account = make_account().account
    sealed = account.vault.seal(b"s3cret", purpose="p", record_id=account.id)
    user = User.objects.get()
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt("JBSWY3DP")})
    settings.MASTER_KEYS = {"new": new, "old": old}
    assert rotate() == "1 account keys and 1 second factors are now under the first master key.\n"
    settings.MASTER_KEYS = {"new": new}
    again = Account.objects.using("owner").get()
    assert again.vault.open(sealed, purpose="p", record_id=account.id) == b"s3cret"
    assert get_adapter().decrypt(Authenticator.objects.get().data["secret"]) == "JBSWY3DP"


def test_to_repeat_it_changes_no_account_key(settings: Settings) -> None:
    make_account()
    before = bytes(Account.objects.using("owner").get().wrapped_key)
    assert rotate().startswith("0 account keys")
    assert bytes(Account.objects.using("owner").get().wrapped_key) == before


def test_without_the_old_key_it_says_which_one_is_missing(settings: Settings) -> None:
    settings.MASTER_KEYS = {"old": os.urandom(32)}
    make_account()
    settings.MASTER_KEYS = {"new": os.urandom(32)}
    with pytest.raises(CommandError, match="'old'") as raised:
        rotate()
    assert isinstance(raised.value.__cause__, SealError)
