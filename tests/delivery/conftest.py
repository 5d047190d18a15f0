from collections.abc import Iterator

import pytest

from tests.flows.inbox import Inbox, running_inbox
from tests.flows.partner import Partner, running_partner


@pytest.fixture
def partner() -> Iterator[Partner]:
    with running_partner() as partner:
        yield partner


@pytest.fixture
def inbox() -> Iterator[Inbox]:
    with running_inbox() as inbox:
        yield inbox
