"""From what a partner does to the tries it gets: every status, every fault of the network."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, get_args

import pytest

from delivery.channels.base import Context
from delivery.channels.webhook import KIND
from delivery.channels.webhook.answers import judge_status
from delivery.oauth import Tokens
from delivery.outbound import Answer, OutboundClient, OutboundError, Target
from delivery.outbound.errors import Fault
from delivery.outcome import Outcome, Verdict
from delivery.retry import FAST, NONE, STANDARD, RetryPolicy, next_try
from tests.delivery.channels.webhook.posting import DELIVERY, RENDERING, Transport
from tests.delivery.outbound.servers import LOOPBACK_ALLOWED

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
# The policies by the number of their tries.
POLICIES = {11: STANDARD, 7: FAST, 1: NONE}


def tries(outcome: Outcome, policy: RetryPolicy) -> int:
    """How often a partner is asked that always answers so."""
    made, at = 1, NOW
    while True:
        counted = made if outcome.is_counted else 0
        later = next_try(policy, outcome=outcome, counted_tries=counted, tries_made=made, now=at, jitter=0, first_due_at=NOW)
        if later is None:
            return made
        assert later > at
        made, at = made + 1, later


def expected(status: int, most: int) -> int:
    if status in {408, 409, 425, *range(500, 600)}:
        return most
    if status in set(range(400, 500)) - {410, 429}:
        return min(most, 3)
    return 51 if status == 429 else 1  # put off 50 times


@pytest.mark.parametrize("most", POLICIES)
@pytest.mark.parametrize("status", range(100, 600))
def test_every_status_is_tried_so_often(status: int, most: int) -> None:
    judged = judge_status(status)
    outcome = Outcome(judged.verdict, judged.code, judged.reason, max_tries=judged.max_tries, is_counted=status != 429)
    assert tries(outcome, POLICIES[most]) == expected(status, most)


FAULTS: dict[Fault, Verdict] = {
    "dns": Verdict.RETRY,
    "dns_timeout": Verdict.RETRY,
    "blocked_address": Verdict.FAILED,
    "blocked_port": Verdict.FAILED,
    "connect": Verdict.RETRY,
    "connect_timeout": Verdict.RETRY,
    "proxy": Verdict.RETRY,
    "tls": Verdict.RETRY,
    "timeout": Verdict.RETRY,
    "reset": Verdict.RETRY,
    "protocol": Verdict.RETRY,
    "too_large_headers": Verdict.RETRY,
}


class Failing(OutboundClient):
    """Ends every request in one fault, some of which no test can bring about."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(LOOPBACK_ALLOWED)
        self._failure = OutboundError(fault, "This is why.", address="203.0.113.7:443")

    async def post(self, target: Target, *, headers: Sequence[tuple[str, str]], body: bytes, timeout_seconds: float) -> Answer:
        raise self._failure


def outcome_of(fault: Fault) -> Outcome:
    raw: dict[str, Any] = {"url": "https://hooks.example.com/leads"}
    config, secrets = KIND.clean_config(raw, fields=(), is_http_allowed=False, policy=LOOPBACK_ALLOWED, old_secrets={})

    async def run() -> Outcome:
        async with Failing(fault) as client:
            transport = Transport(client, Tokens(client))
            return await KIND.send(
                RENDERING, delivery_id=DELIVERY, config=config, secrets=secrets, context=Context(NOW), transport=transport
            )

    return asyncio.run(run())


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_the_network_has_its_verdict_and_tries(fault: Fault) -> None:
    outcome = outcome_of(fault)
    assert (outcome.verdict, outcome.code, outcome.reason) == (FAULTS[fault], fault, "This is why.")
    assert (outcome.http_status, outcome.max_tries, outcome.is_counted, outcome.pauses_channel) == (None, None, True, False)
    assert (outcome.address, outcome.target) == ("203.0.113.7:443", "https://hooks.example.com/leads")
    for most, policy in POLICIES.items():
        assert tries(outcome, policy) == (most if FAULTS[fault] is Verdict.RETRY else 1)


def test_there_is_no_other_fault() -> None:
    assert set(FAULTS) == set(get_args(Fault))
