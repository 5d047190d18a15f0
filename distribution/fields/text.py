"""Texts, and the texts with a form of their own: email addresses, telephone numbers, URLs."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from distribution.fields.faults import RefusedError
from distribution.fields.number import exact_number, number_text

MAX_LENGTH = {"text": 10_000, "textarea": 100_000}
_MAX_EMAIL = 254
_MAX_PHONE = 100
_MAX_URL = 2_000

# The addresses nearly everybody has. What this takes, email-validator takes too, and changes nothing but the domain's
# case; all else (other alphabets, xn--, names of special use, long parts) goes to it.
_ATOM = r"[a-zA-Z0-9_!#$%&'*+\-/=?^`{|}~]+"
_LABEL = r"[a-zA-Z0-9]+(?:-[a-zA-Z0-9]+)*"
_PLAIN_EMAIL = re.compile(rf"({_ATOM}(?:\.{_ATOM})*@)((?:{_LABEL}\.)+[a-zA-Z]+)")
_MAX_PLAIN_DOMAIN = 63
_SPECIAL_USE = (".arpa", ".invalid", ".local", ".localhost", ".onion")

_NO_SEPARATORS = str.maketrans("", "", " -.()")

_URL = re.compile(r"(https?)://([^/?#]+)(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)
_NOT_IN_URL = re.compile(r"[\x00-\x20\x7f\\]|\s")


def plain_text(raw: Any, max_length: int) -> str | None:
    """Return `raw` trimmed, None if nothing is left; numbers as their digits. Raises RefusedError.

    Refuses NUL, which Postgres can not store, and lone surrogates, which UTF-8 can not write.
    """
    text: str = (raw if type(raw) is str else _digits(raw)).strip()
    if not text:
        return None
    if len(text) > max_length:
        raise RefusedError(f"has {len(text):,} characters", "too_long")
    if "\x00" in text:
        raise RefusedError("contains a NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise RefusedError("contains half of a surrogate pair, which is no character") from error
    return text


def _digits(raw: Any) -> str:
    if type(raw) in {int, float, Decimal}:
        return number_text(exact_number(raw))
    raise RefusedError("is not a text")


class TextCleaner:
    __slots__ = ("_max_length", "wanted")

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._max_length: int = options.get("max_length") or MAX_LENGTH["text"]
        self.wanted = f"a text of at most {self._max_length:,} characters"

    def __call__(self, raw: Any) -> str | None:
        return plain_text(raw, self._max_length)


class TextareaCleaner:
    """Like text; line ends become \\n, since browsers send \\r\\n."""

    __slots__ = ("_max_length", "wanted")

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._max_length: int = options.get("max_length") or MAX_LENGTH["textarea"]
        self.wanted = f"a text of at most {self._max_length:,} characters"

    def __call__(self, raw: Any) -> str | None:
        if type(raw) is str and "\r" in raw:
            raw = raw.replace("\r\n", "\n").replace("\r", "\n")
        return plain_text(raw, self._max_length)


class EmailCleaner:
    """Lower-cases the domain. Asks no DNS: a lead must not wait for somebody's name server."""

    __slots__ = ()
    wanted = "an email address such as jane@example.com"

    def __call__(self, raw: Any) -> str | None:
        text = plain_text(raw, _MAX_EMAIL)
        if text is None:
            return None
        plain = _PLAIN_EMAIL.fullmatch(text)
        if plain:
            domain = plain[2].lower()
            if len(domain) <= _MAX_PLAIN_DOMAIN and not domain.endswith(_SPECIAL_USE):
                return f"{plain[1]}{domain}"
        return _validated_email(text)


def _validated_email(text: str) -> str:
    try:
        # test_environment lets the reserved domain .test pass, which every demonstration uses.
        return validate_email(text, check_deliverability=False, test_environment=True).normalized
    except EmailNotValidError as error:
        raise RefusedError("is not an email address") from error


class PhoneCleaner:
    """Gives E.164 (ITU-T). Checks the length for the country, not the ranges in use: new ones would be refused.

    An extension has no place in E.164 and is left off.
    """

    __slots__ = ("_region", "wanted")

    def __init__(self, region: str | None) -> None:
        self._region = region
        self.wanted = "a telephone number such as +14155552671"
        if region is None:
            self.wanted += ", with its country code"

    def __call__(self, raw: Any) -> str | None:
        text = plain_text(raw, _MAX_PHONE)
        if text is None:
            return None
        e164 = self._e164(text)
        if text.translate(_NO_SEPARATORS) == e164:
            # It was read as E.164 already; to read it again is what reading it costs.
            return e164
        # A junk number with leading zeros or dialling prefixes loses one at each reading; a real one stays as it is.
        if self._e164(e164) != e164:
            raise RefusedError("is not a telephone number")
        return e164

    def _e164(self, text: str) -> str:
        try:
            number = phonenumbers.parse(text, self._region)
        except phonenumbers.NumberParseException as error:
            raise RefusedError("is not a telephone number") from error
        if phonenumbers.is_possible_number_with_reason(number) != phonenumbers.ValidationResult.IS_POSSIBLE:
            raise RefusedError("is not a telephone number of a length in use there")
        e164: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        return e164


class UrlCleaner:
    """Takes http and https with a host; lower-cases scheme and host, leaves the rest as it is."""

    __slots__ = ()
    wanted = "a URL that starts with http:// or https://"

    def __call__(self, raw: Any) -> str | None:
        text = plain_text(raw, _MAX_URL)
        if text is None:
            return None
        written = _URL.fullmatch(text)
        if written is None or _NOT_IN_URL.search(text) or not _has_host(text):
            raise RefusedError("is not a URL")
        user, at, host = written[2].rpartition("@")
        return f"{written[1].lower()}://{user}{at}{host.lower() if host.isascii() else host}{written[3]}"


def _has_host(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
