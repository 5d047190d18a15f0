"""The one tenant filter: row-level security in Postgres, under the ORM.

Three roles. The *owner* owns the tables and runs migrations. The *application* (connection `default`) owns nothing and sees only rows of the
account that is set for its transaction; with none set, it sees nothing. The *engine* (connection `engine`) works across accounts, on the few
tables that migrations name for it, and nothing but the delivery engine uses it.

The account is set with `set_config(…, is_local => true)`: it ends with the transaction, so it cannot leak through a transaction pooler.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.operations.base import Operation
from psycopg import sql

SETTING = "leadflip.account_id"
APP_CAN = "SELECT, INSERT, UPDATE, DELETE"


@contextmanager
def account_scope(account_id: UUID | None, *, using: str = "default") -> Iterator[None]:
    """Run the body in a transaction that sees this account's rows and no others. None: sees nothing."""
    with transaction.atomic(using=using):
        before = enter_account(account_id, using=using)
        yield
        # An inner scope ends before its transaction does: give the outer one its account back.
        enter_account(UUID(before) if before else None, using=using)


def enter_account(account_id: UUID | None, *, using: str = "default") -> str:
    """Set the account for the rest of the current transaction; return the one before (empty: none)."""
    connection = connections[using]
    if not connection.in_atomic_block:
        raise RuntimeError("An account is set for a transaction, and none is open.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting(%s, true), set_config(%s, %s, true)",
            [SETTING, SETTING, str(account_id) if account_id else ""],
        )
        return cursor.fetchone()[0] or ""


def app_role() -> str:
    return str(settings.DATABASES["default"]["USER"])


def engine_role() -> str:
    return str(settings.DATABASES["engine"]["USER"])


def provision_roles(owner: BaseDatabaseWrapper) -> None:
    """Create the application's and the engine's role, or give them their present passwords. Safe to repeat and to run twice at once."""
    database = owner.settings_dict["NAME"]
    with transaction.atomic(using=owner.alias), owner.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('leadflip.roles'))")
        cursor.execute("SELECT current_user")
        owner_name = cursor.fetchone()[0]
        for alias in ("default", "engine"):
            role, password = settings.DATABASES[alias]["USER"], settings.DATABASES[alias]["PASSWORD"]
            if role == owner_name:
                raise RuntimeError(f"The {alias} connection must not use {role}, the owner of the tables: isolation would be off.")
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            verb = "ALTER" if cursor.fetchone() else "CREATE"
            cursor.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {} NOCREATEDB NOCREATEROLE").format(
                    sql.SQL(verb), sql.Identifier(role), sql.Literal(password or None)
                )
            )
            cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(database), sql.Identifier(role)))
            cursor.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))


def open_shared_tables(owner: BaseDatabaseWrapper) -> None:
    """Let the application use the tables that belong to no account (users, sessions, …). All others are closed until `Isolate` opens them."""
    with owner.cursor() as cursor:
        cursor.execute(_SHARED_TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(APP_CAN), sql.Identifier(table), sql.Identifier(app_role())))
        cursor.execute(sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(sql.Identifier(app_role())))


_SHARED_TABLES = """
SELECT c.relname FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
  AND NOT EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'account_id' AND NOT a.attisdropped)
"""


class Statements(Operation):
    """A migration operation that runs statements naming the roles of this installation."""

    reduces_to_sql = False
    reversible = True

    def forwards(self) -> list[sql.Composable]:
        raise NotImplementedError

    def backwards(self) -> list[sql.Composable]:
        raise NotImplementedError

    def state_forwards(self, app_label: str, state: Any) -> None:
        pass

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._run(schema_editor, self.forwards())

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        self._run(schema_editor, self.backwards())

    @staticmethod
    def _run(schema_editor: Any, statements: list[sql.Composable]) -> None:
        with schema_editor.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


class Isolate(Statements):
    """Put a table under the tenant filter.

    column: where the account's id stands. engine: what the engine may do across accounts, e.g. "SELECT, UPDATE".
    app: what the application may do within its account.
    """

    def __init__(self, table: str, *, column: str = "account_id", app: str = APP_CAN, engine: str = "") -> None:
        self.table, self.column, self.app, self.engine = table, column, app, engine
        self._constructor_args = ((table,), {"column": column, "app": app, "engine": engine})

    def describe(self) -> str:
        return f"Isolate the accounts in {self.table}"

    def forwards(self) -> list[sql.Composable]:
        table, app, engine = sql.Identifier(self.table), sql.Identifier(app_role()), sql.Identifier(engine_role())
        own = sql.SQL("{} = leadflip_account()").format(sql.Identifier(self.column))
        statements: list[sql.Composable] = [
            sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(table),
            sql.SQL("CREATE POLICY own_account ON {} TO {} USING ({}) WITH CHECK ({})").format(table, app, own, own),
            sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(self.app), table, app),
        ]
        if self.engine:
            statements += [
                sql.SQL("CREATE POLICY engine ON {} TO {} USING (true) WITH CHECK (true)").format(table, engine),
                sql.SQL("GRANT {} ON {} TO {}").format(sql.SQL(self.engine), table, engine),
            ]
        return statements

    def backwards(self) -> list[sql.Composable]:
        table = sql.Identifier(self.table)
        return [
            sql.SQL("DROP POLICY IF EXISTS engine ON {}").format(table),
            sql.SQL("DROP POLICY own_account ON {}").format(table),
            sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(table),
        ]


class LookUpFunction(Statements):
    """A function the application may call before any account is set: the narrow door through the filter.

    It runs as the owner (SECURITY DEFINER), so its body must answer one question and no more.
    """

    def __init__(self, signature: str, returns: str, body: str) -> None:
        self.signature, self.returns, self.body = signature, returns, body
        self._constructor_args: tuple[tuple[str, ...], dict[str, str]] = ((signature, returns, body), {})

    def describe(self) -> str:
        return f"Look-up across accounts: {self.signature}"

    def forwards(self) -> list[sql.Composable]:
        signature = sql.SQL(self.signature)
        return [
            sql.SQL(
                "CREATE OR REPLACE FUNCTION {} RETURNS {} LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $body$ {} $body$"
            ).format(signature, sql.SQL(self.returns), sql.SQL(self.body)),
            sql.SQL("REVOKE ALL ON FUNCTION {} FROM PUBLIC").format(signature),
            sql.SQL("GRANT EXECUTE ON FUNCTION {} TO {}").format(signature, sql.Identifier(app_role())),
        ]

    def backwards(self) -> list[sql.Composable]:
        return [sql.SQL("DROP FUNCTION {}").format(sql.SQL(self.signature))]


class DropLookUpFunction(LookUpFunction):
    """Takes a function away, so that one of other columns can come in its place; said as it was, so that the way back makes it again."""

    def describe(self) -> str:
        return f"No more look-up across accounts: {self.signature}"

    def forwards(self) -> list[sql.Composable]:
        return super().backwards()

    def backwards(self) -> list[sql.Composable]:
        return super().forwards()


class OwnerMigratesRouter:
    """Tables are made by their owner, through the connection of that name; the application and the engine cannot."""

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        return db == "owner"
