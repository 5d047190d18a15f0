"""How a webhook says who sends it: Basic, Bearer, an API key or OAuth 2.0 client credentials. Checked when saved, written out when sent."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from delivery.channels.base import Secrets
from delivery.channels.reading import Reading, is_encodable
from delivery.channels.webhook.addresses import Reach, clean_url, is_elsewhere
from delivery.channels.webhook.headers import MAX_VALUE, checked_value, clean_name
from delivery.channels.webhook.kept import MASK, KeptSecrets
from delivery.oauth import ClientCredentials
from delivery.outcome import Headers

# The settings of each kind, its secret last.
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "basic": ("username", "password"),
    "bearer": ("token",),
    "api_key": ("name", "in", "value"),
    "oauth2": ("token_url", "client_id", "scope", "audience", "credentials_in", "client_secret"),
}
_ALL = tuple(dict.fromkeys(name for names in SETTINGS.values() for name in names))


def secret_key(kind: str) -> str:
    """Where the secret is kept among the channel's; of each kind apart, so that none is taken for another's."""
    return f"auth:{kind}"


def clean_auth(reading: Reading, kept: KeptSecrets, reach: Reach, *, old: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """From {"kind", …} to the stored object, where `is_set` stands for the secret, and the secrets. old: the stored object until now."""
    raw = reading.raw.get("auth")
    kind = raw.get("kind") if isinstance(raw, Mapping) else None
    names = SETTINGS.get(kind, _ALL) if isinstance(kind, str) else _ALL
    auth = reading.inner("auth", ("kind", *names, "is_set"))
    if isinstance(raw, Mapping) and "kind" not in raw:
        auth.report("kind", "required", f"The kind is missing; wanted one of {', '.join(SETTINGS)}.")
    kind = auth.choice("kind", tuple(SETTINGS), default="none")
    if kind == "none":
        return {"kind": "none"}, {}
    stored = {"kind": kind}
    match kind:
        case "basic":
            stored["username"] = _username(auth)
        case "api_key":
            stored |= _api_key(auth)
        case "oauth2":
            stored |= _client(auth, reach)
            kept = kept.moved_if(_is_token_url_elsewhere(old, stored["token_url"], reach))
    value = kept.given_or_kept(auth, SETTINGS[kind][-1], key=secret_key(kind))
    secret = None if value is None else _checked_secret(auth, stored, value)
    return {**stored, "is_set": True}, {} if secret is None else {secret_key(kind): secret}


def header_of(auth: Mapping[str, Any]) -> str | None:
    """The name of the header that the authentication takes, if it takes one."""
    match auth["kind"]:
        case "basic" | "bearer" | "oauth2":
            return "Authorization"
        case "api_key" if auth["in"] == "header":
            return str(auth["name"])
    return None


@dataclass(frozen=True, slots=True)
class Authentication:
    """headers and query: to be sent. credentials: what to ask a token with, whose header comes to it then."""

    headers: Headers = ()
    query: str = ""
    credentials: ClientCredentials | None = None


def authentication_of(auth: Mapping[str, Any], secrets: Secrets, reach: Reach) -> Authentication:
    """Raises UrlError for a token endpoint that may no longer be asked."""
    secret = secrets.get(secret_key(auth["kind"]), "")
    match auth["kind"]:
        case "basic":
            pair = f"{auth['username']}:{secret}".encode()
            return Authentication((("Authorization", f"Basic {base64.b64encode(pair).decode()}"),))
        case "bearer":
            return Authentication((("Authorization", f"Bearer {secret}"),))
        case "api_key" if auth["in"] == "query":
            return Authentication(query=f"{quote_plus(auth['name'])}={quote_plus(secret)}")
        case "api_key":
            return Authentication(((auth["name"], secret),))
        case "oauth2":
            return Authentication(
                credentials=ClientCredentials(
                    target=reach.target(auth["token_url"]),
                    client_id=auth["client_id"],
                    client_secret=secret,
                    scope=auth["scope"],
                    audience=auth["audience"],
                    is_in_header=auth["credentials_in"] == "header",
                )
            )
    return Authentication()


def shown_authentication(auth: Mapping[str, Any]) -> Authentication:
    """The same for people, what is secret masked."""
    match auth["kind"]:
        case "basic":
            return Authentication((("Authorization", f"Basic {MASK}"),))
        case "bearer" | "oauth2":
            return Authentication((("Authorization", f"Bearer {MASK}"),))
        case "api_key" if auth["in"] == "query":
            return Authentication(query=f"{quote_plus(auth['name'])}={MASK}")
        case "api_key":
            return Authentication(((auth["name"], MASK),))
    return Authentication()


def _username(auth: Reading) -> str:
    username = _needed(auth, "username", most=200)
    # RFC 7617, 2: the colon is what ends it.
    if ":" in username or not username.isprintable():
        auth.report("username", "invalid", "A user name has no colon and no control characters.")
    return username


def _api_key(auth: Reading) -> dict[str, str]:
    place = auth.choice("in", ("header", "query"), default="header")
    name = clean_name(auth) if place == "header" else _needed(auth, "name", most=100)
    return {"name": name or "", "in": place}


def _client(auth: Reading, reach: Reach) -> dict[str, str]:
    target = clean_url(auth, "token_url", reach, missing="The address of the token endpoint is missing.")
    return {
        "token_url": target.url if target else "",
        "client_id": _needed(auth, "client_id", most=500),
        "scope": auth.text("scope", default="", most=1_000),
        "audience": auth.text("audience", default="", most=1_000),
        "credentials_in": auth.choice("credentials_in", ("body", "header"), default="body"),
    }


def _is_token_url_elsewhere(old: Mapping[str, Any], url: str, reach: Reach) -> bool:
    return bool(url) and is_elsewhere(old.get("token_url"), reach.target(url), reach)


def _needed(auth: Reading, name: str, *, most: int) -> str:
    return auth.needed_text(name, most=most, missing=f"The {name} is missing.")


def _checked_secret(auth: Reading, stored: Mapping[str, Any], value: Any) -> str | None:
    name = SETTINGS[stored["kind"]][-1]
    if stored["kind"] == "bearer" or header_of(stored) == stored.get("name"):
        return checked_value(auth, name, value)
    if not isinstance(value, str) or not value or not value.isprintable() or not is_encodable(value):
        auth.report(name, "invalid", f"The {name} is a text in one line, without control characters.")
        return None
    if len(value) > MAX_VALUE:
        auth.report(name, "too_long", f"Wanted at most {MAX_VALUE:,} characters.")
        return None
    return value
