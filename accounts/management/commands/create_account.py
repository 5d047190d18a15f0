import getpass
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.signup import AccountExistsError, create_account


class Command(BaseCommand):
    help = "Make an account, its owner and an API key with every scope."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="the company's name")
        parser.add_argument("email", help="the owner's email address, to sign in with")
        parser.add_argument("--password", help="asked for when left out")
        parser.add_argument("--slug", default="", help="made from the name when left out")
        parser.add_argument("--staff", action="store_true", help="the owner may open the admin")
        parser.add_argument("--json", action="store_true", help="print one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        password = options["password"] or getpass.getpass("Password: ")
        try:
            account, key = create_account(
                options["name"],
                email=options["email"],
                password=password,
                slug=options["slug"],
                is_staff=options["staff"],
            )
        except AccountExistsError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"account": account.slug, "api_key": key}))
        else:
            self.stdout.write(f"Account {account.slug} is ready. Its API key, shown this once: {key}")
