from collections.abc import Callable
from typing import Any

import pytest
from django.db import ProgrammingError, connection, connections, transaction

from accounts.access import enter_by_api_key
from accounts.isolation import account_scope, app_role, engine_role, enter_account
from accounts.models import Account, AuditEvent, Member
from accounts.signup import create_account

pytestmark = pytest.mark.django_db

TABLES_OF_ACCOUNTS = """
SELECT c.oid::regclass::text, c.relrowsecurity, c.relispartition, pg_get_userbyid(c.relowner)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'account_id' AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
"""


def rows(sql: str, *params: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def test_every_table_of_an_account_is_behind_its_policy() -> None:
    tables = rows(TABLES_OF_ACCOUNTS)
    policies: dict[str, str] = dict(
        rows(
            "SELECT tablename, qual FROM pg_policies WHERE policyname = 'own_account' AND %s = ANY(roles) AND qual = with_check", app_role()
        )
    )
    assert len(tables) >= 15
    for table, has_row_security, is_partition, owner in tables:
        assert has_row_security, table
        assert owner != app_role(), table
        if is_partition:
            # Reached through its parent only.
            assert rows("SELECT has_table_privilege(%s, %s, 'SELECT')", app_role(), table) == [(False,)], table
        else:
            assert policies[table] == "(account_id = leadflip_account())", table
    assert policies["accounts_account"] == "(id = leadflip_account())"


@pytest.mark.parametrize("role", [app_role, engine_role])
def test_the_roles_cannot_bypass_policies(role: Callable[[], str]) -> None:
    assert rows("SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = %s", role()) == [(False, False, False)]
    assert rows("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = %s", role()) == [(0,)]


def test_the_application_connects_as_its_own_role() -> None:
    assert rows("SELECT current_user") == [(app_role(),)]


def test_without_an_account_a_query_sees_nothing() -> None:
    create_account("Acme", email="alice@acme.test", password="alices-password")
    assert Account.objects.count() == 0
    assert Member.objects.count() == 0


def test_an_account_sees_its_own_rows_and_no_others() -> None:
    acme, _ = create_account("Acme", email="alice@acme.test", password="alices-password")
    other, _ = create_account("Other", email="charlie@other.test", password="charlies-password")
    with account_scope(acme.id):
        assert list(Account.objects.all()) == [acme]
        with account_scope(other.id):
            assert list(Account.objects.all()) == [other]
        assert list(Account.objects.all()) == [acme]
    assert not Account.objects.exists()


def test_raw_sql_reaches_and_changes_nothing_of_another_account() -> None:
    acme, _ = create_account("Acme", email="alice@acme.test", password="alices-password")
    other, _ = create_account("Other", email="charlie@other.test", password="charlies-password")
    with account_scope(other.id), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_apikey WHERE account_id = %s", [acme.id])
        assert cursor.fetchone() == (0,)
        cursor.execute("UPDATE accounts_account SET name = 'Mine' WHERE id = %s", [acme.id])
        assert cursor.rowcount == 0
        cursor.execute("DELETE FROM accounts_member WHERE account_id = %s", [acme.id])
        assert cursor.rowcount == 0
    with account_scope(acme.id):
        assert Account.objects.get().name == "Acme"


def test_a_row_of_another_account_cannot_be_written() -> None:
    acme, _ = create_account("Acme", email="alice@acme.test", password="alices-password")
    other, _ = create_account("Other", email="charlie@other.test", password="charlies-password")
    with account_scope(other.id), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        AuditEvent.objects.create(account_id=acme.id, actor_kind="user", action="x", object_type="x", object_id=acme.id)


def test_the_audit_log_can_only_be_added_to() -> None:
    acme, _ = create_account("Acme", email="alice@acme.test", password="alices-password")
    for statement in ("UPDATE accounts_auditevent SET action = 'x'", "DELETE FROM accounts_auditevent"):
        with account_scope(acme.id), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            rows(statement)


@pytest.mark.django_db(transaction=True, databases=["default", "owner"])
def test_the_account_ends_with_the_transaction() -> None:
    acme, _ = create_account("Acme", email="alice@acme.test", password="alices-password")
    with account_scope(acme.id):
        assert Account.objects.count() == 1
    assert rows("SELECT count(*), leadflip_account() FROM accounts_account") == [(0, None)]


@pytest.mark.django_db(transaction=True)
def test_an_account_cannot_be_set_outside_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        enter_account(None)


def test_a_key_opens_its_own_account() -> None:
    acme, key = create_account("Acme", email="alice@acme.test", password="alices-password")
    create_account("Other", email="charlie@other.test", password="charlies-password")
    access = enter_by_api_key(key, address="192.0.2.1")
    assert access is not None
    assert access.account_id == acme.id
    assert list(Account.objects.all()) == [acme]
    assert access.vault.open(access.vault.seal(b"x", purpose="p", record_id=acme.id), purpose="p", record_id=acme.id) == b"x"


def test_an_unknown_key_opens_nothing() -> None:
    assert enter_by_api_key("lf_nonsense", address=None) is None
    assert not Account.objects.exists()


def test_the_engine_may_touch_only_what_migrations_name() -> None:
    allowed: dict[str, str] = dict(
        rows(
            "SELECT c.relname, string_agg(p, ',' ORDER BY p) FROM pg_class c, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) p"
            " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND has_table_privilege(%s, c.oid, p)"
            " GROUP BY c.relname",
            engine_role(),
        )
    )
    assert allowed.get("delivery_attempt") == "INSERT,SELECT"
    assert allowed.get("delivery_delivery") == "SELECT,UPDATE"
    assert "accounts_apikey" not in allowed
    assert "accounts_user" not in allowed
    assert connections["engine"].settings_dict["USER"] == engine_role()
