"""When a delivery is tried again, if at all. Pure: time and chance are passed in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from delivery.outcome import Outcome, Verdict
from distribution.fields import Fault

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

MAX_DELAYS = 20
MAX_WINDOW_SECONDS = 8 * _DAY
MAX_RETRY_AFTER_SECONDS = _DAY
MAX_DEFERRALS = 50
# A partner that says "later" is asked again within the hour, wherever the policy's own delays have got to.
MAX_DEFERRAL_SECONDS = _HOUR
# For a policy without delays: its one try is not used up by a 429.
_PLAIN_DEFERRAL_SECONDS = _MINUTE
_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """delays_seconds: from the end of each try to the next; the first try is due at once, so there is one more try than delays."""

    name: str
    delays_seconds: tuple[int, ...]

    @property
    def tries(self) -> int:
        return len(self.delays_seconds) + 1


# Standard Webhooks 1.0 (spec/standard-webhooks.md, "Deliverability and reliability") with 30 s added near the start.
STANDARD = RetryPolicy(
    "standard",
    (
        5,
        30,
        5 * _MINUTE,
        30 * _MINUTE,
        2 * _HOUR,
        5 * _HOUR,
        10 * _HOUR,
        14 * _HOUR,
        20 * _HOUR,
        24 * _HOUR,
    ),
)
FAST = RetryPolicy("fast", (5, 15, 45, 2 * _MINUTE, 5 * _MINUTE, 15 * _MINUTE))
NONE = RetryPolicy("none", ())
POLICIES: Mapping[str, RetryPolicy] = {policy.name: policy for policy in (STANDARD, FAST, NONE)}
DEFAULT = {"policy": STANDARD.name}


def policy_of(config: Mapping[str, Any]) -> RetryPolicy:
    """The policy of a channel's stored config."""
    settings: Mapping[str, Any] = config.get("retry") or DEFAULT
    if settings["policy"] == "custom":
        return RetryPolicy("custom", tuple(settings["delays_seconds"]))
    return POLICIES[settings["policy"]]


def next_try(
    policy: RetryPolicy,
    *,
    outcome: Outcome,
    counted_tries: int,
    tries_made: int,
    now: datetime,
    jitter: float,
    first_due_at: datetime | None = None,
) -> datetime | None:
    """When to try again after this outcome; None when there is no other try.

    counted_tries, tries_made: both with the try just made, the former without those that do not count (429).
    jitter: in [0, 1); adds 0 to 20 %, never takes away, so neither the policy nor a Retry-After is undercut.
    first_due_at: of the first try; ends a delivery that was only ever put off after 8 days.
    """
    if outcome.verdict is not Verdict.RETRY:
        return None
    delay = _delay(policy, outcome, counted_tries) if outcome.is_counted else _deferral(policy, tries_made, counted_tries)
    if delay is None:
        return None
    floor = min(outcome.retry_after_seconds or 0, MAX_RETRY_AFTER_SECONDS)
    at = now + timedelta(seconds=max(delay, floor) * (1 + _JITTER * jitter))
    if not outcome.is_counted and first_due_at is not None and at - first_due_at > timedelta(seconds=MAX_WINDOW_SECONDS):
        return None
    return at


def _delay(policy: RetryPolicy, outcome: Outcome, counted_tries: int) -> int | None:
    tries = policy.tries if outcome.max_tries is None else min(policy.tries, outcome.max_tries)
    return None if counted_tries >= tries else policy.delays_seconds[max(counted_tries, 1) - 1]


def _deferral(policy: RetryPolicy, tries_made: int, counted_tries: int) -> int | None:
    if tries_made - counted_tries > MAX_DEFERRALS:
        return None
    if not policy.delays_seconds:
        return _PLAIN_DEFERRAL_SECONDS
    place = min(max(tries_made, 1), len(policy.delays_seconds)) - 1
    return min(policy.delays_seconds[place], MAX_DEFERRAL_SECONDS)


def describe(policy: RetryPolicy) -> list[tuple[int, int]]:
    """The policy as a timeline: (number of the try, seconds after the first)."""
    return list(enumerate(accumulate(policy.delays_seconds, initial=0), start=1))


def clean_retry(raw: Any, *, attr: str) -> tuple[dict[str, Any], list[Fault]]:
    """Check {"policy": "standard" | "fast" | "none"} or {"policy": "custom", "delays_seconds": [5, 60, 600]}; missing is standard."""
    if raw is None:
        return dict(DEFAULT), []
    if not isinstance(raw, Mapping):
        return {}, [Fault(attr, "invalid", 'The retry setting is not an object; wanted {"policy": "standard"}.')]
    policy = raw.get("policy", STANDARD.name)
    known = {"policy", "delays_seconds"} if policy == "custom" else {"policy"}
    faults = [
        Fault(f"{attr}.{str(key)[:50]}", "unknown", f"This says nothing about retries; wanted {' and '.join(sorted(known))}.")
        for key in raw
        if key not in known
    ]
    if policy == "custom":
        delays, delay_faults = _clean_delays(raw.get("delays_seconds"), f"{attr}.delays_seconds")
        return {"policy": "custom", "delays_seconds": delays}, faults + delay_faults
    if not isinstance(policy, str) or policy not in POLICIES:
        faults.append(Fault(f"{attr}.policy", "invalid", "There is no such retry policy; wanted standard, fast, none or custom."))
    return {"policy": policy}, faults


def _clean_delays(raw: Any, attr: str) -> tuple[list[int], list[Fault]]:
    if not isinstance(raw, Sequence) or isinstance(raw, str) or not 1 <= len(raw) <= MAX_DELAYS:
        return [], [Fault(attr, "invalid", f"Wanted a list of 1 to {MAX_DELAYS} whole numbers of seconds.")]
    faults = [
        Fault(f"{attr}.{place}", "invalid", "A delay is a whole number of seconds, at least 1.")
        for place, delay in enumerate(raw)
        if type(delay) is not int or delay < 1
    ]
    if not faults and sum(raw) > MAX_WINDOW_SECONDS:
        faults.append(Fault(attr, "too_long", "The delays add up to more than 8 days."))
    return list(raw), faults
