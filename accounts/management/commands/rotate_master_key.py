from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.master_key import reseal_second_factors, rewrap_account_keys
from accounts.vault import SealError


class Command(BaseCommand):
    help = (
        "Wrap every key anew by the first key of LEADFLIP_MASTER_KEYS. To rotate: put a new key in front, restart everything, run this, "
        "take the old key away, restart. Backups made before still need the old key."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            accounts, factors = rewrap_account_keys(), reseal_second_factors()
        except SealError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{accounts} account keys and {factors} second factors are now under the first master key.")
