"""What a new account has done of what leads to its first delivered lead. Each step ticks itself: it is asked of the records."""

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class FirstStep:
    """page: the name of the page where it is done."""

    title: str
    text: str
    page: str
    is_done: bool


# The last is sorted so that it is found by an index: unsorted, Postgres may begin anywhere, and first pass over what other accounts have.
_ASK = """
SELECT EXISTS (SELECT 1 FROM distribution_entity), EXISTS (SELECT 1 FROM distribution_partner), EXISTS (SELECT 1 FROM distribution_assignment),
       EXISTS (SELECT 1 FROM delivery_deliverychannel),
       (SELECT true FROM delivery_delivery WHERE state = 'delivered' ORDER BY id DESC LIMIT 1) IS NOT NULL
"""


def first_steps() -> list[FirstStep]:
    """In their order, within the account that is set."""
    with connection.cursor() as cursor:
        cursor.execute(_ASK)
        entity, partner, assignment, channel, delivered = cursor.fetchone()
    return [
        FirstStep("Create an Entity", "Say what a lead is for you: its fields, and which of them are encrypted.", "entities", entity),
        FirstStep("Add a partner", "Who gets your leads, with a time zone and caps.", "partners", partner),
        FirstStep("Create a Distribution Profile", "Which leads go to which partners, by which rules.", "profiles", assignment),
        FirstStep(
            "Set up its Delivery Channel",
            "By webhook, or by email through your own mail server (Email settings); with a live preview, and a test that shows what comes back.",
            "profiles",
            channel,
        ),
        FirstStep("See a lead delivered", "Send a test, add a lead by hand, or call the API.", "leads", delivered),
    ]
