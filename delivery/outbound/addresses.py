"""Which addresses may be dialled. Pure: an address goes in, a word for what is wrong with it comes out."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

DEFAULT_PORTS = frozenset({80, 443, 8080, 8443})

# IANA IPv4 Special-Purpose Address Registry (RFC 6890) and multicast. The word completes "… is <word>".
_NOT_PUBLIC_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), word)
    for network, word in (
        ("0.0.0.0/8", "an unspecified address"),
        ("10.0.0.0/8", "in a private network"),
        ("100.64.0.0/10", "in a carrier's shared network"),
        ("127.0.0.0/8", "this machine itself"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "in a private network"),
        ("192.0.0.0/24", "a reserved address"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.88.99.0/24", "a retired relay address"),
        ("192.168.0.0/16", "in a private network"),
        ("198.18.0.0/15", "an address for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
# Inside 2000::/3 only; everything outside is refused before this table is asked.
_NOT_PUBLIC_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), word)
    for network, word in (
        ("2001::/23", "a reserved address"),  # benchmarks, ORCHID, ORCHIDv2, anycast of protocols
        ("2001:db8::/32", "an address for documentation"),
        ("3fff::/20", "an address for documentation"),
    )
)
_NAMED_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), word)
    for network, word in (
        ("::/128", "an unspecified address"),
        ("::1/128", "this machine itself"),
        ("64:ff9b:1::/48", "in a private network"),
        ("100::/64", "a discard address"),
        ("5f00::/16", "a segment-routing address"),
        ("fc00::/7", "in a private network"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "in a private network"),
        ("ff00::/8", "a multicast address"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")
_ALL_ONES = 0xFFFFFFFF


def unwrap(address: Address) -> Address:
    """The IPv4 address inside `::ffff:0:0/96`: to the kernel both are the same destination (RFC 4291, 2.5.5.2)."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None and address.scope_id is None:
        return address.ipv4_mapped
    return address


def embedded(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Every IPv4 address a gateway on the way could take out of this IPv6 address.

    Mapped and compatible (RFC 4291), SIIT (RFC 2765), NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo server and client
    (RFC 4380), ISATAP (RFC 5214). NAT64's local prefix `64:ff9b:1::/48` (RFC 8215) has no fixed layout and is refused as a whole.
    """
    number = int(address)
    found: list[IPv4Address] = []
    if address.ipv4_mapped is not None:
        found.append(address.ipv4_mapped)
    if address in _COMPATIBLE or address in _NAT64 or address in _TRANSLATED:
        found.append(IPv4Address(number & _ALL_ONES))
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    if (number >> 32) & 0xFDFFFFFF == 0x00005EFE:
        found.append(IPv4Address(number & _ALL_ONES))
    return tuple(found)


def what_is_wrong_with(address: Address) -> str | None:
    """None for an address of the public internet, else a word for people: 'in a private network'.

    An address that wraps another is judged by what is inside. What IANA does not list as globally reachable is refused.
    """
    address = unwrap(address)
    if isinstance(address, IPv4Address):
        return _word_for_v4(address)
    if address.scope_id is not None:
        return "tied to a network interface"
    for inner in embedded(address):
        if (word := _word_for_v4(inner)) is not None:
            named = next((name for network, name in _NAMED_V6 if address in network), None)
            return named or f"{word}, wrapped in an IPv6 address"
    if address in _NAT64 or address.sixtofour is not None or address.teredo is not None:
        return None
    return _word_for_v6(address)


def _word_for_v4(address: IPv4Address) -> str | None:
    for network, word in _NOT_PUBLIC_V4:
        if address in network:
            return word
    # The standard library's registry is a second opinion: a range that IANA adds later is refused after an update.
    return None if address.is_global else "a reserved address"


def _word_for_v6(address: IPv6Address) -> str | None:
    if address not in _GLOBAL_UNICAST:
        return next((word for network, word in _NAMED_V6 if address in network), "a reserved address")
    for network, word in _NOT_PUBLIC_V6:
        if address in network:
            return word
    return None if address.is_global else "a reserved address"


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Where requests may go.

    allow: networks excepted from the rule that only public addresses are dialled, on any port, also by plain http. Empty in production;
    the local stack and the tests set loopback, and need both `127.0.0.0/8` and `::1/128` if they use the name `localhost`.
    ports: the ports open to everybody.
    """

    allow: tuple[Network, ...] = ()
    ports: frozenset[int] = DEFAULT_PORTS

    def is_excepted(self, address: Address) -> bool:
        address = unwrap(address)
        # A scope id names an interface of ours; no exception covers that.
        if isinstance(address, IPv6Address) and address.scope_id is not None:
            return False
        return any(address in network for network in self.allow)

    def refusal(self, address: Address) -> str | None:
        """None if the address may be dialled, else what is wrong with it, in words."""
        return None if self.is_excepted(address) else what_is_wrong_with(address)

    def is_port_open(self, port: int, address: Address) -> bool:
        return port in self.ports or self.is_excepted(address)


def parse_address(text: str) -> Address | None:
    """An address in the standard form of RFC 4291 or a dotted quad without leading zeros, else None."""
    try:
        return ip_address(text)
    except ValueError:
        return None
