"""Turns a URL that a person typed into a Target, or into a sentence that says what is wrong with it. Pure."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, NamedTuple
from urllib.parse import quote

from delivery.outbound.addresses import Address, OutboundPolicy, unwrap
from delivery.outbound.hosts import HostError, normalise_host

MAX_URL_CHARACTERS = 2048

UrlFault = Literal[
    "characters",
    "too_long",
    "scheme",
    "http_not_allowed",
    "user_info",
    "host",
    "port",
    "port_not_allowed",
    "blocked_address",
]
Scheme = Literal["http", "https"]


class UrlError(ValueError):
    """A URL that cannot be used. code: short and stable; detail: one sentence for the person who typed it."""

    def __init__(self, code: UrlFault, detail: str) -> None:
        super().__init__(detail)
        self.code: UrlFault = code
        self.detail = detail


class Origin(NamedTuple):
    """What one connection may be shared by (RFC 6454)."""

    scheme: str
    host: str
    port: int


_CLEAN_PATH = re.compile(r"/[!-~]*")
_LOOPBACK = IPv4Address("127.0.0.1")
_CLEAN_HOST = re.compile(r"[0-9a-z.\-:\[\]]+")


@dataclass(frozen=True, slots=True)
class Target:
    """A URL after normalising.

    host: lower-case ASCII (IDNA), an address without brackets. path: with the query, percent-encoded ASCII, begins with `/`.
    address: set if the host is an address and no name.
    """

    scheme: Scheme
    host: str
    port: int
    path: str
    address: Address | None = None
    origin: Origin = field(init=False, repr=False, compare=False)
    host_header: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        bracketed = f"[{self.host}]" if ":" in self.host else self.host
        has_default_port = self.port == (443 if self.scheme == "https" else 80)
        host_header = bracketed if has_default_port else f"{bracketed}:{self.port}"
        if not _CLEAN_PATH.fullmatch(self.path) or not _CLEAN_HOST.fullmatch(host_header):
            # Only a Target built by hand gets here; its text goes onto the wire as it stands.
            raise ValueError("A Target holds characters that parse_url would have refused or encoded.")
        object.__setattr__(self, "origin", Origin(self.scheme, self.host, self.port))
        object.__setattr__(self, "host_header", host_header)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host_header}{self.path}"


def parse_url(text: str, *, is_http_allowed: bool, policy: OutboundPolicy) -> Target:
    """The Target of a URL typed by a user. RFC 3986, with the host rules of the WHATWG URL standard.

    Plain http is taken if it is allowed, and to hosts that the operator has excepted. Raises UrlError. No name is resolved here: what a name
    points to is judged anew for every connection.
    """
    _check_characters(text)
    scheme, rest = _split_scheme(text)
    rest = rest.partition("#")[0]
    cut = min((at for at in (rest.find("/"), rest.find("?")) if at >= 0), default=len(rest))
    authority, path = rest[:cut], rest[cut:]
    if "@" in authority:
        raise UrlError("user_info", "Leave the user name and password out of the URL and set them as authentication.")
    host_text, port_text = _split_authority(authority)
    try:
        host = normalise_host(host_text)
    except HostError as error:
        raise UrlError("host", str(error)) from None
    if scheme == "http" and not (is_http_allowed or _is_excepted(host, policy)):
        raise UrlError("http_not_allowed", "The URL must begin with https://; plain http is not allowed here.")
    port = _parse_port(port_text, scheme)
    if isinstance(host, str):
        _check_name(host, port, policy)
        return Target(scheme, host, port, _normalise_path(path))
    address = unwrap(host)
    _check_address(address, port, policy)
    return Target(scheme, str(address), port, _normalise_path(path), address)


def _check_characters(text: str) -> None:
    if len(text) > MAX_URL_CHARACTERS:
        raise UrlError("too_long", f"The URL is longer than {MAX_URL_CHARACTERS} characters.")
    for character in text:
        number = ord(character)
        is_control = number < 0x20 or 0x7F <= number < 0xA0
        if is_control or character.isspace() or character == "\\" or 0xD800 <= number < 0xE000:
            raise UrlError("characters", "The URL contains a space, a backslash or an invisible character.")


def _split_scheme(text: str) -> tuple[Scheme, str]:
    scheme, separator, rest = text.partition("://")
    if separator and scheme.isascii():
        match scheme.lower():
            case "https":
                return "https", rest
            case "http":
                return "http", rest
    raise UrlError("scheme", "The URL must begin with https://.")


def _split_authority(authority: str) -> tuple[str, str | None]:
    """Host and port. The host keeps its brackets, so that only what was in brackets is read as IPv6."""
    if authority.startswith("["):
        inside, bracket, after = authority.partition("]")
        if not bracket or (after and not after.startswith(":")):
            raise UrlError("host", "The IPv6 address in the URL is not closed by a bracket.")
        return f"{inside}]", after[1:] if after else None
    host, colon, port = authority.partition(":")
    if ":" in port:
        raise UrlError("host", "An IPv6 address in a URL needs brackets, as in https://[2606:4700::1111]/.")
    return host, port if colon else None


def _parse_port(text: str | None, scheme: Scheme) -> int:
    if text is None:
        return 443 if scheme == "https" else 80
    # int() would take signs, underscores and digits of other scripts.
    if not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise UrlError("port", "The port in the URL is not a number from 1 to 65535.")
    return int(text)


def _is_excepted(host: str | Address, policy: OutboundPolicy) -> bool:
    """Of the names `localhost` alone: it means this machine wherever it is asked for (RFC 6761)."""
    if isinstance(host, str):
        return host == "localhost" and policy.is_excepted(_LOOPBACK)
    return policy.is_excepted(host)


def _check_name(host: str, port: int, policy: OutboundPolicy) -> None:
    # With exceptions configured, only resolving tells whether the name is one of them; the dial decides.
    if policy.allow:
        return
    if "." not in host:
        raise UrlError("host", f"{host} is not a full name like hooks.example.com.")
    if host.rpartition(".")[2] in {"localhost", "local", "internal", "localdomain"}:
        raise UrlError("blocked_address", f"{host} is a name inside a private network and cannot be reached from here.")
    if port not in policy.ports:
        raise UrlError("port_not_allowed", _port_sentence(port, policy))


def _check_address(address: IPv4Address | IPv6Address, port: int, policy: OutboundPolicy) -> None:
    if (word := policy.refusal(address)) is not None:
        raise UrlError("blocked_address", f"{address} is {word}. Only addresses on the public internet can be used.")
    if not policy.is_port_open(port, address):
        raise UrlError("port_not_allowed", _port_sentence(port, policy))


def _port_sentence(port: int, policy: OutboundPolicy) -> str:
    ports = ", ".join(str(number) for number in sorted(policy.ports))
    return f"Port {port} cannot be used. Open are: {ports}."


def _normalise_path(path: str) -> str:
    """Path and query as they go onto the wire: what RFC 3986 does not allow is percent-encoded, existing escapes stay."""
    if not path.startswith("/"):
        path = f"/{path}"
    path = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", path)
    return quote(path, safe="%/?:@!$&'()*+,;=-._~[]|")
