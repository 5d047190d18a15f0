import os
from base64 import b64encode

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django.fixtures import Settings

from accounts.ids import new_id
from accounts.vault import (
    AccountVault,
    SealError,
    account_vault,
    new_account_key,
    parse_master_keys,
    unwrap_account_key,
    wrap_account_key,
)


@pytest.fixture
def vault() -> AccountVault:
    account_id = new_id()
    return account_vault(account_id, new_account_key(account_id))


def test_a_message_opens_for_its_purpose_and_record(vault: AccountVault) -> None:
    record = new_id()
    sealed = vault.seal(b"078-05-1120", purpose="lead-values", record_id=record)
    assert vault.open(sealed, purpose="lead-values", record_id=record) == b"078-05-1120"
    assert b"078-05-1120" not in sealed


def test_the_same_message_is_sealed_differently_each_time(vault: AccountVault) -> None:
    record = new_id()
    first, second = (vault.seal(b"same", purpose="p", record_id=record) for _ in range(2))
    assert first != second


@pytest.mark.parametrize("position", [0, 1, 12, 13, 20, -1])
def test_a_tampered_message_does_not_open(vault: AccountVault, position: int) -> None:
    record = new_id()
    sealed = bytearray(vault.seal(b"078-05-1120", purpose="p", record_id=record))
    sealed[position] ^= 1
    with pytest.raises(SealError):
        vault.open(bytes(sealed), purpose="p", record_id=record)


@pytest.mark.parametrize("length", [0, 1, 5, 13, 28])
def test_a_cut_message_does_not_open(vault: AccountVault, length: int) -> None:
    record = new_id()
    sealed = vault.seal(b"078-05-1120", purpose="p", record_id=record)
    with pytest.raises(SealError):
        vault.open(sealed[:length], purpose="p", record_id=record)


def test_a_message_moved_to_another_record_purpose_or_account_does_not_open(vault: AccountVault) -> None:
    record, stranger = new_id(), new_id()
    sealed = vault.seal(b"secret", purpose="p", record_id=record)
    other = account_vault(stranger, new_account_key(stranger))
    for opener, purpose, where in ((vault, "p", new_id()), (vault, "q", record), (other, "p", record)):
        with pytest.raises(SealError):
            opener.open(sealed, purpose=purpose, record_id=where)


def test_a_lead_has_a_key_of_its_own(vault: AccountVault) -> None:
    lead, other = new_id(), new_id()
    lead_vault, wrapped = vault.new_lead_key(lead)
    sealed = lead_vault.seal(b"secret", purpose="p", record_id=lead)
    assert vault.lead(lead, wrapped).open(sealed, purpose="p", record_id=lead) == b"secret"
    with pytest.raises(SealError):
        vault.lead(other, wrapped)
    with pytest.raises(SealError):
        vault.open(sealed, purpose="p", record_id=lead)


def test_an_erased_lead_cannot_be_opened(vault: AccountVault) -> None:
    with pytest.raises(SealError):
        vault.lead(new_id(), b"")


def test_the_first_master_key_seals_and_any_opens(settings: Settings) -> None:
    account_id, old, new = new_id(), os.urandom(32), os.urandom(32)
    settings.MASTER_KEYS = {"old": old}
    wrapped = new_account_key(account_id)
    key = unwrap_account_key(account_id, wrapped)
    settings.MASTER_KEYS = {"new": new, "old": old}
    assert unwrap_account_key(account_id, wrapped) == key
    rewrapped = wrap_account_key(account_id, key)
    settings.MASTER_KEYS = {"new": new}
    assert unwrap_account_key(account_id, rewrapped) == key
    with pytest.raises(SealError, match="'old'"):
        unwrap_account_key(account_id, wrapped)


def test_master_keys_are_read_in_order() -> None:
    one, two = os.urandom(32), os.urandom(32)
    text = f"b:{b64encode(one).decode()}, a:{two.hex()}"
    assert list(parse_master_keys(text).items()) == [("b", one), ("a", two)]


@pytest.mark.parametrize("text", ["short:AAAA", "AAAA", ":" + "A" * 43 + "=", "x:not base64!", "x:"])
def test_a_wrong_master_key_is_named(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="LEADFLIP_MASTER_KEYS"):
        parse_master_keys(text)


def test_blind_indexes_are_equal_only_for_one_account_field_and_text(vault: AccountVault) -> None:
    stranger = new_id()
    other = account_vault(stranger, new_account_key(stranger))
    assert vault.blind("ssn", "1") == vault.blind("ssn", "1")
    assert len({vault.blind("ssn", "1"), vault.blind("ssn", "2"), vault.blind("tax", "1"), other.blind("ssn", "1")}) == 4
