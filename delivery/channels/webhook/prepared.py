"""A channel's settings made ready for sending, once per content."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from delivery.channels.base import Config, Secrets
from delivery.channels.webhook.addresses import Reach
from delivery.channels.webhook.answer_rules import AnswerRules
from delivery.channels.webhook.auth import authentication_of, shown_authentication
from delivery.channels.webhook.headers import secret_key, shown_headers
from delivery.channels.webhook.signature import CURRENT, PREVIOUS, PREVIOUS_UNTIL, decode_secret, previous_secrets
from delivery.oauth import ClientCredentials
from delivery.outbound import Target
from delivery.outcome import Headers

USER_AGENT = "Leadflip/1 (Standard Webhooks 1.0)"
# Channels saved before there was authentication say nothing of it.
_NO_AUTH: Mapping[str, Any] = {"kind": "none"}

_MAX_KEPT = 5_000
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Prepared:
    """A channel's settings as sending needs them.

    url, shown_headers: for the log, secrets masked. fixed_headers: all but the three of the signature and the token of OAuth2, which comes
    from `credentials`. secret_values: what must not be seen, whoever writes it. rules: None if the status alone decides and nothing is taken.
    previous_keys: each signs too until its moment, seconds since 1970.
    """

    target: Target
    url: str
    timeout_seconds: float
    fixed_headers: Headers
    shown_headers: Headers
    key: bytes
    previous_keys: tuple[tuple[bytes, float], ...] = ()
    credentials: ClientCredentials | None = None
    secret_values: tuple[str, ...] = ()
    rules: AnswerRules | None = None

    def keys(self, timestamp: float) -> tuple[bytes, ...]:
        return (self.key, *(key for key, until in self.previous_keys if timestamp < until))


class PreparedConfigs:
    """Keeps the Prepared of each content of settings; bounded, the oldest go first.

    The content is the key, so that neither a version nor an invalidation can be forgotten.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[bytes, Reach], Prepared] = {}

    def prepare(self, config: Config, secrets: Secrets, reach: Reach) -> Prepared:
        """Raises UrlError for an address that may no longer be used, ValueError without a usable signing secret."""
        content = (_encode((config, secrets)), reach)
        prepared = self._kept.get(content)
        if prepared is None:
            prepared = _prepare(config, secrets, reach)
            while len(self._kept) >= _MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[content] = prepared
        return prepared


def request_headers(config: Config) -> Headers:
    """All headers but the signature's and the body's, for people: secrets masked."""
    return _with_agent(shown_headers(config["headers"]) + shown_authentication(config.get("auth", _NO_AUTH)).headers)


def request_url(config: Config) -> str:
    """The address, for people: an API key in its query masked."""
    return _with_query(config["url"], shown_authentication(config.get("auth", _NO_AUTH)).query)


def _prepare(config: Config, secrets: Secrets, reach: Reach) -> Prepared:
    authentication = authentication_of(config.get("auth", _NO_AUTH), secrets, reach)
    target = reach.target(config["url"])
    own = tuple(
        (header["name"], secrets.get(secret_key(header["name"]), "") if header["secret"] else header["value"])
        for header in config["headers"]
    )
    answers, take = config.get("answers") or [], config.get("take") or {}
    return Prepared(
        target=replace(target, path=_with_query(target.path, authentication.query)),
        url=request_url(config),
        timeout_seconds=float(config["timeout_seconds"]),
        fixed_headers=_with_agent(own + authentication.headers),
        shown_headers=request_headers(config),
        key=decode_secret(secrets.get(CURRENT, "")),
        previous_keys=tuple((decode_secret(secret), until.timestamp()) for secret, until in previous_secrets(secrets)),
        credentials=authentication.credentials,
        secret_values=_secret_values(secrets, authentication.headers),
        rules=AnswerRules(answers, take) if answers or take else None,
    )


def _with_agent(headers: Headers) -> Headers:
    if any(name.lower() == "user-agent" for name, _ in headers):
        return headers
    return (*headers, ("User-Agent", USER_AGENT))


def _with_query(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _secret_values(secrets: Secrets, headers: Headers) -> tuple[str, ...]:
    """The longest first: one may be part of another."""
    values = {value for name, value in secrets.items() if name not in (CURRENT, PREVIOUS, PREVIOUS_UNTIL)}
    return tuple(sorted(values.union(value.rpartition(" ")[2] for _, value in headers), key=len, reverse=True))
