"""From a partner's answer to a verdict and a sentence for people. Pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http import HTTPStatus

from delivery.outcome import Headers, Verdict

MAX_RETRY_AFTER_SECONDS = 86_400
# The partner will most likely say the same again; two more tries cover the odd deployment in between.
TRIES_AFTER_REFUSAL = 3

_SECONDS = re.compile(r"[0-9]{1,10}", re.ASCII)
_RETRIED = frozenset({408, 409, 425, 429})
_SENTENCES = {
    400: "The partner refuses the content",
    401: "The partner wants a sign-in, or another one: check the headers of this channel",
    403: "The partner refuses access: check the headers of this channel",
    404: "The partner has nothing at this address: check the URL",
    405: "The address does not take POST: check the URL",
    406: "The partner refuses the format of the content",
    408: "The partner waited too long for the request",
    409: "The partner reports a conflict, which may pass",
    413: "The lead is too large for the partner",
    415: "The partner refuses the format of the content",
    422: "The partner refuses the content",
    425: "The partner does not take the request this early",
    429: "The partner asks for a slower pace",
    500: "The partner has a fault",
    502: "A server in front of the partner cannot reach it",
    503: "The partner is not available at the moment",
    504: "A server in front of the partner waited in vain for it",
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an answer means. The fields are those of an Outcome."""

    verdict: Verdict
    code: str
    reason: str
    max_tries: int | None = None
    pauses_channel: bool = False


@lru_cache(maxsize=1_000)
def judge_status(status: int) -> Judgement:
    """What an answer means by its status alone."""
    verdict, max_tries = verdict_of(status)
    code = "ok" if verdict is Verdict.DELIVERED else f"http_{status}"
    return Judgement(verdict, code, reason_of(status), max_tries, pauses_channel=status == 410)


def verdict_of(status: int) -> tuple[Verdict, int | None]:
    """The verdict and, where there is one, a tighter limit to the number of tries."""
    if 200 <= status < 300:
        return Verdict.DELIVERED, None
    if status in _RETRIED or 500 <= status < 600:
        return Verdict.RETRY, None
    if 400 <= status < 500 and status != 410:
        return Verdict.RETRY, TRIES_AFTER_REFUSAL
    return Verdict.FAILED, None


def status_text(status: int) -> str:
    """The number, with its name where it has one (RFC 9110, 15)."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def reason_of(status: int) -> str:
    """One sentence in which the status stands."""
    name = status_text(status)
    if 200 <= status < 300:
        return f"The partner took the lead: {name}."
    if 300 <= status < 400:
        return f"The address answers {name} and points elsewhere, where Leadflip does not follow: enter the final URL."
    if status == 410:
        return "The address answers 410: the partner has removed it."
    if sentence := _SENTENCES.get(status):
        return f"{sentence} ({name})."
    if 400 <= status < 500:
        return f"The partner refuses the request ({name})."
    if 500 <= status < 600:
        return f"The partner has a fault ({name})."
    return f"The address answers {name}, which is no answer to a webhook."


def retry_after_seconds(headers: Headers, *, now: datetime) -> float | None:
    """How long the partner asks to wait, at most 24 h; None if it does not say, in words we know, a time to come.

    Seconds or any of the three forms of a date (RFC 9110, 10.2.3 and 5.6.7). now: aware.
    """
    for name, value in headers:
        if name.lower() == "retry-after":
            seconds = _seconds(value.strip(), now)
            if seconds is not None and seconds > 0:
                return min(seconds, MAX_RETRY_AFTER_SECONDS)
    return None


def _seconds(text: str, now: datetime) -> float | None:
    if _SECONDS.fullmatch(text):
        return float(text)
    # A date is never longer; the parser would take its time over a longer text.
    if not text or len(text) > 40 or not text[0].isalpha():
        return None
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return (moment - now).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
