"""Names through a real DNS server of the tests' own."""

import asyncio
from time import perf_counter

import pytest

from delivery.outbound import DnsResolver, OutboundClient, OutboundError, OutboundPolicy, Target, parse_url
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED, NameServer, Sentinel, Zone, answer_ok, name_server, serve

pytestmark = pytest.mark.anyio


def target(host: str, port: int) -> Target:
    policy = OutboundPolicy(ports=frozenset({port}))
    return parse_url(f"http://{host}:{port}/", is_http_allowed=True, policy=policy)


async def refused(server: NameServer, watch: Sentinel, host: str) -> OutboundError:
    """The error of a post to a name, after which nobody has reached loopback."""
    policy = OutboundPolicy(ports=frozenset({watch.port}))
    async with OutboundClient(policy, resolver=DnsResolver([server.address])) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(target(host, watch.port), headers=[], body=b"x", timeout_seconds=5)
    assert watch.accepted() == 0
    return caught.value


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ({"a.example.": [["A 127.0.0.1"]]}, "points to 127.0.0.1, which is this machine itself"),
        ({"a.example.": [["AAAA ::1"]]}, "points to ::1, which is this machine itself"),
        ({"a.example.": [["A 8.8.8.8", "A 127.0.0.1"]]}, "points to 127.0.0.1"),
        ({"a.example.": [["A 127.0.0.1", "A 8.8.8.8"]]}, "points to 127.0.0.1"),
        ({"a.example.": [["A 8.8.8.8", "AAAA ::1"]]}, "points to ::1"),
        ({"a.example.": [["A 8.8.8.8", "AAAA ::ffff:127.0.0.1"]]}, "points to 127.0.0.1"),
        ({"a.example.": [["AAAA ::ffff:127.0.0.1"]]}, "points to 127.0.0.1"),
        ({"a.example.": [["AAAA ::ffff:10.0.0.1"]]}, "points to 10.0.0.1, which is in a private network"),
        ({"a.example.": [["AAAA 64:ff9b::7f00:1"]]}, "this machine itself, wrapped in an IPv6 address"),
        ({"a.example.": [["AAAA 2002:7f00:1::1"]]}, "this machine itself, wrapped in an IPv6 address"),
        ({"a.example.": [["AAAA 2001:0:808:808:0:0:80ff:fffe"]]}, "this machine itself, wrapped in an IPv6 address"),
        ({"a.example.": [["A 169.254.169.254"]]}, "a link-local address"),
        ({"a.example.": [["A 0.0.0.0"]]}, "an unspecified address"),
        ({"a.example.": [["CNAME b.example."]], "b.example.": [["A 127.0.0.1"]]}, "points to 127.0.0.1"),
        (
            {
                "a.example.": [["CNAME b.example."]],
                "b.example.": [["CNAME c.example."]],
                "c.example.": [["A 8.8.8.8", "A 10.1.2.3"]],
            },
            "points to 10.1.2.3",
        ),
    ],
)
async def test_a_name_that_points_inside_is_refused(watch: Sentinel, zone: Zone, words: str) -> None:
    async with name_server(zone) as server:
        error = await refused(server, watch, "a.example")
    assert error.code == "blocked_address"
    assert not error.is_retryable
    assert words in error.reason
    assert error.timings.dns_ms is not None
    assert error.timings.connect_ms is None


@pytest.mark.parametrize("host", ["localhost", "foo.localhost"])
async def test_names_of_this_machine_are_refused(watch: Sentinel, host: str) -> None:
    built = Target("http", host, watch.port, "/")  # parse_url would refuse it right away
    async with OutboundClient(OutboundPolicy(ports=frozenset({watch.port}))) as client:
        with pytest.raises(OutboundError) as caught:
            await client.post(built, headers=[], body=b"x", timeout_seconds=5)
    assert caught.value.code == "blocked_address"
    assert watch.accepted() == 0


async def test_localhost_is_resolved_where_loopback_is_allowed() -> None:
    async with serve(answer_ok) as server, OutboundClient(LOOPBACK_ALLOWED) as client:
        answer = await client.post(server.target(host="localhost"), headers=[], body=b"x", timeout_seconds=5)
    assert answer.address == f"127.0.0.1:{server.port}"


@pytest.mark.parametrize(
    ("zone", "reason"),
    [
        ({}, "The name a.example does not exist."),
        ({"a.example.": [["TXT none"]]}, "The name a.example has no address."),
    ],
)
async def test_a_name_without_address(watch: Sentinel, zone: Zone, reason: str) -> None:
    async with name_server(zone) as server:
        error = await refused(server, watch, "a.example")
    assert (error.code, error.reason, error.is_retryable) == ("dns", reason, True)


async def test_a_silent_name_server_costs_3_seconds_at_most(watch: Sentinel) -> None:
    begun = perf_counter()
    async with name_server({"a.example.": [["SILENT"]]}) as server:
        error = await refused(server, watch, "a.example")
    assert error.code == "dns_timeout"
    assert error.reason == "The name a.example could not be looked up in time."
    assert perf_counter() - begun < 3.5


async def test_a_name_server_silent_about_ipv6_does_not_prevent_ipv4() -> None:
    async with (
        serve(answer_ok) as server,
        name_server({"a.example.": [["SILENT AAAA", "A 127.0.0.1"]]}) as names,
        OutboundClient(LOOPBACK_ALLOWED, resolver=DnsResolver([names.address])) as client,
    ):
        answer = await client.post(server.target(host="a.example"), headers=[], body=b"x", timeout_seconds=10)
    assert answer.status == 200
    assert answer.timings.dns_ms is not None
    assert answer.timings.dns_ms < 1500


async def test_a_name_server_that_refuses_is_an_error_in_words(watch: Sentinel) -> None:
    async with name_server({}) as server:
        pass
    error = await refused(server, watch, "a.example")
    assert error.code == "dns"
    assert error.reason == "The name a.example could not be looked up: its name server does not answer properly."


async def test_look_ups_at_once_survive_that_what_is_remembered_is_thrown_away() -> None:
    zone = {f"{number}.example.": [["A 127.0.0.1"]] for number in range(30)}
    async with (
        serve(answer_ok) as server,
        name_server(zone) as names,
        OutboundClient(LOOPBACK_ALLOWED, resolver=DnsResolver([names.address], memory_seconds=0)) as client,
        asyncio.TaskGroup() as group,
    ):
        posts = [
            group.create_task(client.post(server.target(host=f"{number}.example"), headers=[], body=b"x", timeout_seconds=10))
            for number in range(30)
        ]
        answers = await asyncio.gather(*posts)
    assert [answer.status for answer in answers] == [200] * 30
