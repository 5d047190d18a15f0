"""Workers killed at every step of the way: each lead is in exactly one digest, and each digest goes out."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection

from delivery.channels.email import digest as digest_mail
from tests.delivery.digests.collecting import deliver, start_collecting, work
from tests.delivery.digests.mails import names_in, numbered
from tests.flows.inbox import Inbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "engine"])


class KilledError(BaseException):
    """As good as kill -9: nothing catches it, and the database undoes what was not committed."""


@contextmanager
def killed_at(statement: int) -> Iterator[None]:
    """The process dies when it is about to run its n-th statement that writes, or at its commit."""
    left = [statement]

    def run(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip().startswith(("INSERT", "UPDATE", "WITH", "DELETE", "RELEASE")):
            left[0] -= 1
            if not left[0]:
                raise KilledError
        return execute(sql, params, many, context)

    with connection.execute_wrapper(run):
        yield


def work_with_a_killer(statement: int) -> bool:
    """Whether the killer came."""
    try:
        with killed_at(statement):
            work()
    except KilledError:
        connection.close()
        return True
    return False


def test_background_workers_killed_at_each_statement(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over and over with new leads, each time one statement later, until one whole run is over before the killer comes."""
    monkeypatch.setattr(digest_mail, "MAX_BYTES", 110_000)
    shop = start_collecting(inbox, attach_csv=True, format="none")
    kills = 0
    while True:
        shop.send(30, zip="9" * 500)
        # The whole way, from leads that nobody has seen yet to mails that are queued, with one killed on it.
        was_killed = work_with_a_killer(kills + 1)
        shop.pass_an_hour()
        was_killed = was_killed or work_with_a_killer(kills + 1)
        work()
        if not was_killed:
            break
        kills += 1
    assert kills > 15
    deliver()
    assert len(inbox.raw) == len(shop.digests()) > 2 * kills
    assert shop.states() == ["delivered"] * shop.leads
    names = Counter(name for mail in inbox.mails for name in names_in(mail))
    assert names == Counter(numbered(shop.leads))
    assert sum(digest.lead_count for digest in shop.digests()) == shop.leads
