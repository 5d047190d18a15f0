"""A plain connection to a server that an account named, such as its mail server: behind the same guard as every request."""

import asyncio
import socket
from dataclasses import dataclass
from time import perf_counter

from delivery.outbound.addresses import OutboundPolicy
from delivery.outbound.client import default_ssl_context
from delivery.outbound.connection import Opening
from delivery.outbound.dial import Dialler
from delivery.outbound.errors import OutboundError
from delivery.outbound.hosts import HostError, normalise_host
from delivery.outbound.resolver import Resolver
from delivery.outbound.urls import Target


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """A connected, non-blocking socket. host: normalised, for the certificate's check. address: `ip:port`, as dialled."""

    sock: socket.socket
    host: str
    address: str
    opening: Opening


async def open_socket(host: str, port: int, *, policy: OutboundPolicy, resolver: Resolver, timeout_seconds: float) -> OpenSocket:
    """Resolve once, judge every address, connect to the very address that was judged. Raises OutboundError."""
    opening = Opening(perf_counter())
    try:
        found = normalise_host(host)
    except HostError as error:
        raise OutboundError("dns", str(error)) from error
    target = Target("https", str(found), port, "/", None if isinstance(found, str) else found)
    dialler = Dialler(policy, resolver, default_ssl_context(), lambda _: None)
    sock = await dialler.connect(target, opening, asyncio.get_running_loop().time() + timeout_seconds)
    return OpenSocket(sock, target.host, opening.address, opening)
