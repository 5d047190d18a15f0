from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.outbound import OutboundPolicy
from delivery.outbound.addresses import Address, unwrap, what_is_wrong_with
from tests.delivery.outbound.address_vectors import ADDRESSES, PUBLIC_ADDRESSES

WITHIN = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
)
private_v4 = st.sampled_from(WITHIN).flatmap(lambda network: st.ip_addresses(network=network))
prefix = st.integers(min_value=0x2000, max_value=0x3FFE).map(lambda top: top << 112)
low_bits = st.integers(min_value=0, max_value=2**80 - 1)


@pytest.mark.parametrize("text", ADDRESSES)
def test_what_is_not_public_has_a_word(text: str) -> None:
    assert what_is_wrong_with(ip_address(text)) is not None


@pytest.mark.parametrize("text", PUBLIC_ADDRESSES)
def test_public_addresses_pass(text: str) -> None:
    assert what_is_wrong_with(ip_address(text)) is None


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("127.0.0.1", "this machine itself"),
        ("10.1.2.3", "in a private network"),
        ("::1", "this machine itself"),
        ("::ffff:10.1.2.3", "in a private network"),
        ("2002:a01:203::1", "in a private network, wrapped in an IPv6 address"),
        ("64:ff9b::a9fe:a9fe", "a link-local address, wrapped in an IPv6 address"),
        ("64:ff9b:1::8.8.8.8", "in a private network"),
        ("fe80::1%eth0", "tied to a network interface"),
        ("2001:db8::1", "an address for documentation"),
        ("5f00::1", "a segment-routing address"),
        ("4000::1", "a reserved address"),
        ("::8.8.8.8", "a reserved address"),
    ],
)
def test_the_word_says_what_it_is(text: str, word: str) -> None:
    assert what_is_wrong_with(ip_address(text)) == word


def wrapped_forms(inner: int, low: int, top: int) -> list[IPv6Address]:
    """Every way to carry an IPv4 address that the guard knows of."""
    teredo = 0x20010000 << 96
    return [
        IPv6Address((0xFFFF << 32) | inner),
        IPv6Address(inner),
        IPv6Address((0xFFFF << 48) | inner),
        IPv6Address((0x0064FF9B << 96) | inner),
        IPv6Address((0x0064FF9B0001 << 80) | low),
        IPv6Address((0x2002 << 112) | (inner << 80) | low),
        IPv6Address(teredo | (inner << 64) | (low & (2**64 - 1))),
        IPv6Address(teredo | (0x08080808 << 64) | (inner ^ 0xFFFFFFFF)),
        IPv6Address(top | (0x00005EFE << 32) | inner),
        IPv6Address(top | (0x02005EFE << 32) | inner),
    ]


@given(private_v4, low_bits, prefix)
def test_a_private_address_is_refused_however_it_is_wrapped(inner: Address, low: int, top: int) -> None:
    for wrapped in wrapped_forms(int(inner), low, top):
        assert what_is_wrong_with(wrapped) is not None, wrapped


@given(private_v4, low_bits, prefix)
def test_an_exception_for_loopback_excepts_no_wrapped_form(inner: Address, low: int, top: int) -> None:
    policy = OutboundPolicy(allow=tuple(ip_network(network) for network in WITHIN))
    mapped, *others = wrapped_forms(int(inner), low, top)
    assert policy.refusal(mapped) is None  # to the kernel this one is the very address
    assert all(policy.refusal(other) is not None for other in others)


@given(st.ip_addresses(v=6))
def test_only_global_unicast_and_nat64_can_be_public(address: Address) -> None:
    if what_is_wrong_with(address) is None and isinstance(unwrap(address), IPv6Address):
        assert int(address) >> 125 == 1 or int(address) >> 32 == 0x0064FF9B << 64


@given(st.ip_addresses(v=4))
def test_no_verdict_is_milder_than_the_standard_library(address: Address) -> None:
    if what_is_wrong_with(address) is None:
        assert address.is_global
        assert not address.is_multicast


def test_an_exception_opens_every_port_of_its_network_and_no_other() -> None:
    policy = OutboundPolicy(allow=(ip_network("10.0.0.0/8"),))
    assert policy.refusal(IPv4Address("10.2.3.4")) is None
    assert policy.refusal(IPv4Address("192.168.0.1")) == "in a private network"
    assert policy.is_port_open(9000, IPv4Address("10.2.3.4"))
    assert not policy.is_port_open(9000, IPv4Address("8.8.8.8"))
    assert policy.is_port_open(8443, IPv4Address("8.8.8.8"))


def test_no_exception_covers_an_interface_of_ours() -> None:
    policy = OutboundPolicy(allow=(ip_network("::/0"),))
    assert policy.refusal(IPv6Address("fe80::1")) is None
    assert policy.refusal(IPv6Address("fe80::1%eth0")) == "tied to a network interface"
