from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from delivery.outbound import OutboundClient
from tests.delivery.outbound.certificates import Authority
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, Sentinel, sentinel


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Every test of the client runs on both loops."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
async def client() -> AsyncIterator[OutboundClient]:
    """A client that may reach loopback."""
    async with OutboundClient(LOOPBACK_ALLOWED) as opened:
        yield opened


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def watch() -> Iterator[Sentinel]:
    """Loopback's listener that nobody may reach."""
    with sentinel() as listening:
        yield listening
