"""OAuth 2.0 client credentials (RFC 6749, 4.4): tokens fetched through the guarded client, kept until shortly before they expire."""

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import quote_plus, urlencode

import msgspec

from delivery.outbound import Answer, OutboundClient, OutboundError, Target
from delivery.outcome import Headers, Timings

FETCH_SECONDS = 10.0
DEFAULT_LIFE_SECONDS = 300
MAX_LIFE_SECONDS = 86_400
# A token must outlive the request that carries it, and two clocks are never the same.
EARLY_SECONDS = 30
MAX_TOKEN = 8_192

_MAX_KEPT = 5_000
_TOKEN = re.compile(r"[!-~]+")
_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)
# RFC 6749, 5.2. Whatever else a server writes there is not repeated.
_ERRORS = frozenset(
    {"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
)


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """Whom to ask for a token, and as whom. is_in_header: by Basic authentication (RFC 6749, 2.3.1), else in the form."""

    target: Target
    client_id: str
    client_secret: str = field(repr=False)
    scope: str = ""
    audience: str = ""
    is_in_header: bool = False


class TokenError(Exception):
    """There is no token. reason: one sentence for people, without anything that is secret.

    status: what the token endpoint answered; None if it did not. headers: of that answer, for its Retry-After.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        headers: Headers = (),
        is_retryable: bool = True,
        address: str = "",
        timings: Timings | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.headers = headers
        self.is_retryable = is_retryable
        self.address = address
        self.timings = timings or Timings()


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    good_until: float


class Tokens:
    """Lives as long as its process and loop, and as the client through which it asks.

    The credentials themselves are the key, so that changed settings never meet an old token. clock: seconds, monotonic.
    """

    def __init__(self, client: OutboundClient, *, clock: Callable[[], float] = monotonic) -> None:
        self._client = client
        self._clock = clock
        self._kept: dict[ClientCredentials, _Token] = {}
        self._fetching: dict[ClientCredentials, asyncio.Task[_Token]] = {}

    async def token(self, credentials: ClientCredentials, *, seconds: float) -> str:
        """A token, kept or new; whoever asks while one is on its way gets that one. seconds: to wait at most. Raises TokenError."""
        kept = self._kept.get(credentials)
        if kept is not None and self._clock() < kept.good_until:
            return kept.text
        task = self._fetching.get(credentials)
        if task is None:
            task = asyncio.create_task(self._fetch(credentials))
            self._fetching[credentials] = task
            task.add_done_callback(lambda done: self._fetched(credentials, done))
        done, _ = await asyncio.wait({task}, timeout=max(seconds, 0.0))
        if not done:
            raise TokenError(f"{_at(credentials)} did not give a token in time.")
        return task.result().text

    async def renewed(self, credentials: ClientCredentials, stale: str, *, seconds: float) -> str:
        """Another token than the one that was just refused, unless the endpoint gives that again. Raises TokenError."""
        kept = self._kept.get(credentials)
        if kept is not None and kept.text == stale:
            del self._kept[credentials]
        return await self.token(credentials, seconds=seconds)

    async def close(self) -> None:
        """Before the client is."""
        tasks = list(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fetched(self, credentials: ClientCredentials, task: asyncio.Task[_Token]) -> None:
        del self._fetching[credentials]
        if not task.cancelled():
            task.exception()  # all who waited for it may be gone, and asyncio would complain aloud

    async def _fetch(self, credentials: ClientCredentials) -> _Token:
        headers, body = _request(credentials)
        try:
            answer = await self._client.post(credentials.target, headers=headers, body=body, timeout_seconds=FETCH_SECONDS)
        except OutboundError as error:
            reason = f"No token came from {credentials.target.host}: {error.reason}"
            raise TokenError(reason, is_retryable=error.is_retryable, address=error.address, timings=error.timings) from error
        text, life = _read(credentials, answer)
        token = _Token(text, self._clock() + life - EARLY_SECONDS)
        while len(self._kept) >= _MAX_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[credentials] = token
        return token


def _request(credentials: ClientCredentials) -> tuple[Headers, bytes]:
    form = {"grant_type": "client_credentials"}
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json")]
    if credentials.is_in_header:
        pair = f"{quote_plus(credentials.client_id)}:{quote_plus(credentials.client_secret)}"
        headers.append(("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
    else:
        form |= {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    form |= {name: value for name, value in (("scope", credentials.scope), ("audience", credentials.audience)) if value}
    return tuple(headers), urlencode(form).encode()


def _read(credentials: ClientCredentials, answer: Answer) -> tuple[str, float]:
    """The token and how many seconds it lives. RFC 6749, 5.1."""
    content = _object(answer)
    if not 200 <= answer.status < 300:
        code = content.get("error")
        words = f" ({code})" if isinstance(code, str) and code in _ERRORS else ""
        raise _refusal(f"{_at(credentials)} answers {answer.status}{words} instead of giving a token.", answer)
    token = content.get("access_token")
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not _TOKEN.fullmatch(token):
        raise _refusal(f"{_at(credentials)} answers {answer.status}, but with no token that can be read.", answer)
    kind = content.get("token_type", "bearer")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise _refusal(f"{_at(credentials)} gives a token of another type than Bearer.", answer)
    return token, _life(content.get("expires_in"))


def _object(answer: Answer) -> dict[str, Any]:
    if answer.is_truncated:
        return {}
    try:
        content = msgspec.json.decode(answer.body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _life(raw: Any) -> float:
    # Some servers write the number as a text.
    if isinstance(raw, str) and _SECONDS.fullmatch(raw):
        raw = int(raw)
    if type(raw) not in (int, float):
        return DEFAULT_LIFE_SECONDS
    return float(min(max(raw, 0), MAX_LIFE_SECONDS))


def _refusal(reason: str, answer: Answer) -> TokenError:
    return TokenError(reason, status=answer.status, headers=answer.headers, address=answer.address, timings=answer.timings)


def _at(credentials: ClientCredentials) -> str:
    return f"The token endpoint at {credentials.target.host}"
