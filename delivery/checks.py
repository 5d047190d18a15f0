"""What `manage.py check --deploy` says of deliveries."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning  # noqa: A004 - Django's name for it


def warn_of_outbound_exceptions(**_: Any) -> list[CheckMessage]:
    """Networks that are not public and may be reached all the same."""
    if not settings.OUTBOUND_ALLOW:
        return []
    networks = ", ".join(str(network) for network in settings.OUTBOUND_ALLOW)
    return [
        Warning(
            f"LEADFLIP_OUTBOUND_ALLOW opens {networks} to every address that a user types.",
            hint="Leave it empty in production, unless a partner really is inside.",
            id="delivery.W001",
        )
    ]
