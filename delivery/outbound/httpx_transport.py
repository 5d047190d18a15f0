"""httpx on top of the guarded client, for whatever is not hot: OAuth2 tokens, checks, libraries that want httpx."""

import httpx

from delivery.outbound.client import MAX_TIMEOUT_SECONDS, OutboundClient
from delivery.outbound.errors import Fault, OutboundError
from delivery.outbound.urls import UrlError, parse_url
from delivery.outbound.wire import RESERVED_HEADERS

_ERRORS: dict[Fault, type[httpx.TransportError]] = {
    "dns": httpx.ConnectError,
    "dns_timeout": httpx.ConnectTimeout,
    "blocked_address": httpx.ConnectError,
    "blocked_port": httpx.ConnectError,
    "connect": httpx.ConnectError,
    "connect_timeout": httpx.ConnectTimeout,
    "proxy": httpx.ProxyError,
    "tls": httpx.ConnectError,
    "timeout": httpx.ReadTimeout,
    "reset": httpx.ReadError,
    "protocol": httpx.RemoteProtocolError,
    "too_large_headers": httpx.RemoteProtocolError,
}
# httpx adds these on its own; the client has its own say on them.
_UNWANTED = RESERVED_HEADERS | {"accept-encoding"}
# The body is handed over unpacked and whole.
_FRAMING_HEADERS = frozenset({"content-encoding", "content-length", "transfer-encoding"})


class HttpxTransport(httpx.AsyncBaseTransport):
    """Every request, and every redirect that httpx is told to follow, passes the guard.

    httpx's read timeout becomes the limit for the whole request (at most 30 s). The answer's body is the first 16 KiB;
    `response.extensions["is_truncated"]` tells whether that is all. Errors are httpx's, the OutboundError is their cause.
    The client is not closed with the transport.
    """

    def __init__(self, client: OutboundClient, *, is_http_allowed: bool = False) -> None:
        self._client = client
        self._is_http_allowed = is_http_allowed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        try:
            target = parse_url(str(request.url), is_http_allowed=self._is_http_allowed, policy=self._client.policy)
        except UrlError as error:
            raise httpx.UnsupportedProtocol(error.detail, request=request) from error
        raw = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw)
        headers = [(name, value) for name, value in raw if name.lower() not in _UNWANTED]
        try:
            answer = await self._client.request(
                request.method, target, headers=headers, body=await request.aread(), timeout_seconds=_seconds(request)
            )
        except OutboundError as error:
            raise _ERRORS[error.code](error.reason, request=request) from error
        except ValueError as error:
            raise httpx.LocalProtocolError(str(error), request=request) from error
        return httpx.Response(
            answer.status,
            headers=[(name, value) for name, value in answer.headers if name.lower() not in _FRAMING_HEADERS],
            content=answer.body,
            request=request,
            extensions={"is_truncated": answer.is_truncated, "address": answer.address, "timings": answer.timings},
        )


def _seconds(request: httpx.Request) -> float:
    wanted = request.extensions.get("timeout", {}).get("read")
    return MAX_TIMEOUT_SECONDS if wanted is None else min(max(float(wanted), 0.001), MAX_TIMEOUT_SECONDS)
