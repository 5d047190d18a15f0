"""The table of ways in: none of them may open a connection."""

from ipaddress import ip_address, ip_network

import pytest

from delivery.outbound import OutboundClient, OutboundError, OutboundPolicy, Target, UrlError, parse_url
from tests.delivery.outbound.address_vectors import ADDRESSES, PUBLIC_ADDRESSES
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, FixedResolver, Sentinel, pointing
from tests.delivery.outbound.url_vectors import URLS

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("vector", URLS, ids=ascii)
async def test_a_url_that_leads_inside_opens_no_connection(watch: Sentinel, vector: str) -> None:
    policy = OutboundPolicy(ports=frozenset({80, 443, watch.port}))
    with pytest.raises(UrlError) as caught:
        parse_url(vector.replace("{port}", str(watch.port)), is_http_allowed=True, policy=policy)
    assert caught.value.detail.endswith(".")
    assert watch.accepted() == 0


@pytest.mark.parametrize("company", [(), ("8.8.8.8",), ("2606:4700::1111", "1.1.1.1")], ids=["alone", "one", "two"])
@pytest.mark.parametrize("address", ADDRESSES)
async def test_a_name_that_points_inside_opens_no_connection(watch: Sentinel, address: str, company: tuple[str, ...]) -> None:
    policy = OutboundPolicy(ports=frozenset({watch.port}))
    target = Target("http", "hooks.example.com", watch.port, "/")
    async with OutboundClient(policy, resolver=pointing(*company, address)) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(target, headers=[], body=b"x", timeout_seconds=2)
    assert caught.value.code == "blocked_address"
    assert not caught.value.is_retryable
    assert caught.value.address == ""
    assert watch.accepted() == 0


@pytest.mark.parametrize("address", [text for text in ADDRESSES if "%" not in text])
async def test_a_target_built_by_hand_opens_no_connection(watch: Sentinel, address: str) -> None:
    number = ip_address(address)
    target = Target("http", str(number), watch.port, "/", number)
    async with OutboundClient(OutboundPolicy(ports=frozenset({watch.port}))) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(target, headers=[], body=b"x", timeout_seconds=2)
    assert caught.value.code == "blocked_address"
    assert watch.accepted() == 0


async def test_a_literal_address_in_the_host_of_a_hand_built_target_is_judged(watch: Sentinel) -> None:
    target = Target("http", "127.0.0.1", watch.port, "/")  # no address set: it goes through the resolver
    async with OutboundClient(OutboundPolicy(ports=frozenset({watch.port}))) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(target, headers=[], body=b"x", timeout_seconds=2)
    assert caught.value.code == "blocked_address"
    assert watch.accepted() == 0


async def test_a_name_is_not_dialled_on_a_port_that_is_not_open(watch: Sentinel) -> None:
    only_v6 = OutboundPolicy(allow=(ip_network("::1/128"),))
    url = f"http://hooks.example.com:{watch.port}/"
    target = parse_url(url, is_http_allowed=True, policy=only_v6)
    async with OutboundClient(only_v6, resolver=pointing("8.8.8.8")) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(target, headers=[], body=b"x", timeout_seconds=2)
    assert (caught.value.code, caught.value.is_retryable) == ("blocked_port", False)
    assert watch.accepted() == 0


async def test_an_exception_for_one_network_opens_no_other(watch: Sentinel) -> None:
    only_v6 = OutboundPolicy(allow=(ip_network("::1/128"),))
    target = Target("http", "hooks.example.com", watch.port, "/")
    async with OutboundClient(only_v6, resolver=pointing("::1", "127.0.0.1")) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(target, headers=[], body=b"x", timeout_seconds=2)
    assert caught.value.code == "blocked_address"
    assert watch.accepted() == 0


async def test_a_name_is_asked_for_as_it_is_normalised() -> None:
    resolver = FixedResolver({"xn--bcher-kva.example": [["10.0.0.1"]]})
    target = parse_url("https://BÜCHER。example./", is_http_allowed=False, policy=OutboundPolicy())
    async with OutboundClient(OutboundPolicy(), resolver=resolver) as client:
        with pytest.raises(OutboundError, match=r"points to 10\.0\.0\.1, which is in a private network"):
            await client.post(target, headers=[], body=b"x", timeout_seconds=2)
    assert resolver.asked == ["xn--bcher-kva.example", "closed"]


@pytest.mark.parametrize("url", ["http://127.1:{port}/", "http://[::1]:{port}/", "http://[::ffff:7f00:1]:{port}/"])
async def test_the_listener_would_notice(watch: Sentinel, url: str) -> None:
    """The counterpart of all tests above: with loopback allowed, the same URLs do arrive."""
    target = parse_url(url.replace("{port}", str(watch.port)), is_http_allowed=True, policy=LOOPBACK_ALLOWED)
    async with OutboundClient(LOOPBACK_ALLOWED) as client:
        with pytest.raises(OutboundError):
            await client.post(target, headers=[], body=b"x", timeout_seconds=0.1)
    assert watch.accepted() == 1


def test_the_table_is_long_enough() -> None:
    assert len(set(URLS)) + len(set(ADDRESSES)) >= 250
    assert not set(ADDRESSES) & set(PUBLIC_ADDRESSES)
