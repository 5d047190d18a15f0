"""The one way out of the house: HTTP to addresses that users typed, guarded, timed and bounded."""

from delivery.outbound.addresses import OutboundPolicy
from delivery.outbound.answer import Answer
from delivery.outbound.client import OutboundClient
from delivery.outbound.errors import OutboundError
from delivery.outbound.httpx_transport import HttpxTransport
from delivery.outbound.proxy import EgressProxy, parse_proxy
from delivery.outbound.resolver import DnsResolver, ResolveError, Resolver
from delivery.outbound.sockets import OpenSocket, open_socket
from delivery.outbound.urls import Target, UrlError, parse_url

__all__ = [
    "Answer",
    "DnsResolver",
    "EgressProxy",
    "HttpxTransport",
    "OpenSocket",
    "OutboundClient",
    "OutboundError",
    "OutboundPolicy",
    "ResolveError",
    "Resolver",
    "Target",
    "UrlError",
    "open_socket",
    "parse_proxy",
    "parse_url",
]
