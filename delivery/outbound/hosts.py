"""The host of a URL, normalised: a name in ASCII, or the address that odd ways of writing numbers stand for. Pure."""

import re
from ipaddress import AddressValueError, IPv4Address, IPv6Address

import idna

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"0x[0-9a-f]*|[0-9]+")


class HostError(ValueError):
    """One sentence for the person who typed the host."""


def normalise_host(text: str) -> str | IPv4Address | IPv6Address:
    """A name as lower-case ASCII without a trailing dot, or an address. Raises HostError.

    Names follow UTS #46 (non-transitional, STD3), so full-width digits, ideographic dots and the like are judged by what
    they become. A name that ends in a number is an IPv4 address in the sense of inet_aton, or nothing (WHATWG URL, 3.5).
    """
    if text.startswith("["):
        return _parse_ipv6(text[1:-1])
    if not text:
        raise HostError("The URL has no host.")
    if "%" in text:
        raise HostError("The host must not contain percent signs.")
    name = _to_ascii(text)
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        return _parse_ipv4(name)
    return name


def _to_ascii(text: str) -> str:
    try:
        mapped = idna.uts46_remap(text, std3_rules=True, transitional=False).removesuffix(".")
        labels = [_label_to_ascii(label) for label in mapped.split(".")]
    except (idna.IDNAError, UnicodeError):
        raise HostError("The host is not a valid name.") from None
    name = ".".join(labels)
    if len(name) > 253:
        raise HostError("The host is longer than 253 characters.")
    return name


def _label_to_ascii(label: str) -> str:
    if not label.isascii() or label.startswith("xn--"):
        # Decoding and encoding again refuses punycode that hides plain letters or another name.
        label = idna.alabel(label).decode("ascii")
    # Plain ASCII labels are held to RFC 1123 and not to IDNA 2008, which would refuse names in use such as r3---sn.
    if not _LABEL.fullmatch(label):
        raise HostError("The host is not a valid name.")
    return label


def _parse_ipv4(text: str) -> IPv4Address:
    parts = text.split(".")
    if len(parts) > 4:
        raise HostError("The host is not a valid address.")
    numbers = [_parse_number(part) for part in parts]
    *leading, last = numbers
    # The last number fills all the bytes that the others leave over: 127.1 is 127.0.0.1.
    if any(number > 255 for number in leading) or last >= 256 ** (4 - len(leading)):
        raise HostError("The host is not a valid address.")
    return IPv4Address(last + sum(number << (8 * (3 - place)) for place, number in enumerate(leading)))


def _parse_number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise HostError("The host is not a valid address.")
    try:
        if text.startswith("0x"):
            return int(text[2:] or "0", 16)
        return int(text, 8 if text.startswith("0") and len(text) > 1 else 10)
    except ValueError:
        raise HostError("The host is not a valid address.") from None


def _parse_ipv6(text: str) -> IPv6Address:
    if "%" in text:
        raise HostError("An address in a URL must not name a network interface.")
    try:
        return IPv6Address(text)
    except AddressValueError:
        raise HostError("The host is not a valid IPv6 address.") from None
