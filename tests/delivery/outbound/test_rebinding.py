"""Owners of names who try to get in: every address that is not public, in every shape that a DNS server can give it."""

from collections.abc import Callable
from ipaddress import ip_address, ip_network

import pytest

from delivery.outbound import Answer, DnsResolver, OutboundClient, OutboundError, OutboundPolicy, Target, parse_url
from tests.delivery.outbound.address_vectors import ADDRESSES, PUBLIC_ADDRESSES
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, Sentinel, Zone, answer_ok, name_server, says, serve

pytestmark = pytest.mark.anyio

# What a record can hold: no network interface.
INSIDE = [text for text in ADDRESSES if "%" not in text]
# Stands for the public internet in tests that have to get through once.
ONE_ADDRESS = OutboundPolicy(allow=(ip_network("127.0.0.1/32"),))
CLOSES = says(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


def record(address: str) -> str:
    return f"{'A' if ip_address(address).version == 4 else 'AAAA'} {address}"


SHAPES: dict[str, Callable[[str], Zone]] = {
    "alone": lambda inside: {"a.example.": [[inside]]},
    "behind public ones": lambda inside: {"a.example.": [["A 8.8.8.8", "AAAA 2606:4700::1111", inside]]},
    "before public ones": lambda inside: {"a.example.": [[inside, "AAAA 2606:4700::1111", "A 8.8.8.8"]]},
    "at the end of a chain": lambda inside: {
        "a.example.": [["CNAME b.example."]],
        "b.example.": [["CNAME c.example.net."]],
        "c.example.net.": [["CNAME d.example."]],
        "d.example.": [["A 8.8.8.8", inside]],
    },
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("address", INSIDE)
async def test_a_name_that_points_inside_is_dialled_nowhere(watch: Sentinel, address: str, shape: str) -> None:
    policy = OutboundPolicy(ports=frozenset({watch.port}))
    target = parse_url(f"http://a.example:{watch.port}/", is_http_allowed=True, policy=policy)
    async with (
        name_server(SHAPES[shape](record(address))) as names,
        OutboundClient(policy, resolver=DnsResolver([names.address])) as client,
    ):
        with pytest.raises(OutboundError) as caught:
            await client.post(target, headers=[], body=b"x", timeout_seconds=5)
    assert (caught.value.code, caught.value.is_retryable) == ("blocked_address", False)
    assert (caught.value.address, caught.value.timings.connect_ms) == ("", None)
    assert watch.accepted() == 0


async def tries(zone: Zone, number: int, *, policy: OutboundPolicy = ONE_ADDRESS) -> tuple[list[str], int]:
    """What each of so many posts, each with a look-up and a connection of its own, ends in, and how many connections a server saw."""
    endings = []
    async with (
        serve(CLOSES, host="0.0.0.0") as server,
        name_server(zone) as names,
        OutboundClient(policy, resolver=DnsResolver([names.address], memory_seconds=0)) as client,
    ):
        target = server.target(host="a.example")
        for _ in range(number):
            try:
                answer = await client.post(target, headers=[], body=b"x", timeout_seconds=5)
                endings.append(str(answer.status))
            except OutboundError as error:
                endings.append(error.code)
    return endings, server.connections


@pytest.mark.parametrize("address", [text for text in INSIDE if text not in ("127.0.0.1", "::ffff:127.0.0.1")])
async def test_a_name_that_was_public_before_is_dialled_no_more(address: str) -> None:
    assert await tries({"a.example.": [["A 127.0.0.1"], [record(address)]]}, 2) == (["200", "blocked_address"], 1)


async def test_a_name_that_goes_to_and_fro_is_dialled_only_while_it_is_public() -> None:
    turns = [["A 127.0.0.1"], ["A 127.0.0.2"], ["A 127.0.0.1", "AAAA ::1"], ["A 127.0.0.1"]]
    assert await tries({"a.example.": turns}, 4) == (["200", "blocked_address", "blocked_address", "200"], 2)


async def test_a_name_that_gets_an_address_at_last_is_dialled() -> None:
    assert await tries({"a.example.": [["TXT none"], ["A 127.0.0.1"]]}, 2) == (["dns", "200"], 1)


async def test_an_alias_that_turns_inside_is_dialled_no_more() -> None:
    zone = {
        "a.example.": [["CNAME public.example."], ["CNAME inside.example."]],
        "public.example.": [["A 127.0.0.1"]],
        "inside.example.": [["A 127.0.0.2"]],
    }
    assert await tries(zone, 2) == (["200", "blocked_address"], 1)


async def test_one_address_inside_among_many_refuses_them_all() -> None:
    many = [f"A 127.0.0.{number}" for number in (1, *range(3, 20), 2)]
    but_one = OutboundPolicy(allow=tuple(ip_network(f"127.0.0.{number}/32") for number in (1, *range(3, 20))))
    assert await tries({"a.example.": [many]}, 1, policy=but_one) == (["blocked_address"], 0)


async def test_the_address_that_was_judged_is_the_one_that_is_dialled() -> None:
    """Whoever looked the name up a second time, to connect, would reach 127.0.0.9."""
    zone = {"a.example.": [["A 127.0.0.1"], ["A 127.0.0.9"]]}
    async with (
        serve(answer_ok, host="0.0.0.0") as server,
        name_server(zone) as names,
        OutboundClient(LOOPBACK_ALLOWED, resolver=DnsResolver([names.address])) as client,
    ):
        answers: list[Answer] = [
            await client.post(server.target(host="a.example"), headers=[], body=b"x", timeout_seconds=5) for _ in range(3)
        ]
    assert [answer.address for answer in answers] == [f"127.0.0.1:{server.port}"] * 3
    assert server.connections == 1


@pytest.mark.parametrize(
    "zone",
    [
        {"a.example.": [["CNAME localhost."]]},
        {"a.example.": [["CNAME b.example."]], "b.example.": [["CNAME a.example."]]},
        {"a.example.": [["CNAME 127.0.0.1."]]},
    ],
    ids=["to this machine's name", "in a ring", "to an address as a name"],
)
async def test_an_alias_that_leads_nowhere_is_no_address(watch: Sentinel, zone: Zone) -> None:
    policy = OutboundPolicy(ports=frozenset({watch.port}))
    async with name_server(zone) as names, OutboundClient(policy, resolver=DnsResolver([names.address])) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(Target("http", "a.example", watch.port, "/"), headers=[], body=b"x", timeout_seconds=5)
    assert (caught.value.code, caught.value.is_retryable) == ("dns", True)
    assert watch.accepted() == 0


def test_the_table_is_long_enough() -> None:
    assert len(set(INSIDE)) * len(SHAPES) >= 150
    assert not set(INSIDE) & set(PUBLIC_ADDRESSES)
