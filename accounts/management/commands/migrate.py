from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections

from accounts.isolation import open_shared_tables, provision_roles


class Command(migrate.Command):
    """Django's migrate, through the connection that owns the tables; it makes the application's roles first and opens the shared tables to it last."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        owner = connections[options["database"]]
        provision_roles(owner)
        super().handle(*args, **options)
        open_shared_tables(owner)
