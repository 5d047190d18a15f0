"""The setting `batching` of an email channel."""

from typing import Any

import pytest

from delivery.channels.base import ConfigError, FieldInfo
from delivery.channels.email import KIND
from delivery.channels.email.batching import is_batched
from delivery.channels.email.config import DEFAULT_DIGEST_SUBJECT, DEFAULT_SUBJECT
from delivery.outbound import OutboundPolicy

FIELDS = (FieldInfo("first_name", "first_name", "First name", "text"),)


def config(**raw: Any) -> dict[str, Any]:
    return KIND.clean_config(raw, fields=FIELDS, is_http_allowed=False, policy=OutboundPolicy(), old_secrets={})[0]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (None, {"mode": "off"}),
        ({"mode": "off"}, {"mode": "off"}),
        ({"mode": "off", "minutes": 5, "at": "09:00"}, {"mode": "off"}),
        ({"mode": "every"}, {"mode": "every", "minutes": 60}),
        ({"mode": "every", "minutes": 1}, {"mode": "every", "minutes": 1}),
        ({"mode": "every", "minutes": 1_440, "max_leads": 100_000}, {"mode": "every", "minutes": 1_440, "max_leads": 100_000}),
        ({"mode": "daily"}, {"mode": "daily", "at": "08:00", "weekdays": [1, 2, 3, 4, 5, 6, 7]}),
        ({"mode": "daily", "at": "23:59", "weekdays": [5, 1]}, {"mode": "daily", "at": "23:59", "weekdays": [1, 5]}),
        ({"mode": "daily", "max_leads": 1}, {"mode": "daily", "at": "08:00", "weekdays": [1, 2, 3, 4, 5, 6, 7], "max_leads": 1}),
        ({"mode": "daily", "max_leads": None}, {"mode": "daily", "at": "08:00", "weekdays": [1, 2, 3, 4, 5, 6, 7]}),
    ],
)
def test_batching_is_stored_as_it_is_meant(given: Any, stored: dict[str, Any]) -> None:
    assert config(batching=given)["batching"] == stored


@pytest.mark.parametrize(
    ("given", "attr"),
    [
        ("hourly", "config.batching"),
        ({"mode": "hourly"}, "config.batching.mode"),
        ({"mode": "every", "minutes": 0}, "config.batching.minutes"),
        ({"mode": "every", "minutes": 1_441}, "config.batching.minutes"),
        ({"mode": "every", "minutes": True}, "config.batching.minutes"),
        ({"mode": "every", "at": "08:00"}, "config.batching.at"),
        ({"mode": "daily", "minutes": 5}, "config.batching.minutes"),
        ({"mode": "daily", "at": "8:00"}, "config.batching.at"),
        ({"mode": "daily", "at": "24:00"}, "config.batching.at"),
        ({"mode": "daily", "at": "08:00:00"}, "config.batching.at"),
        ({"mode": "daily", "at": 8}, "config.batching.at"),
        ({"mode": "daily", "weekdays": []}, "config.batching.weekdays"),
        ({"mode": "daily", "weekdays": [0]}, "config.batching.weekdays"),
        ({"mode": "daily", "weekdays": [1, 1]}, "config.batching.weekdays"),
        ({"mode": "daily", "weekdays": [True]}, "config.batching.weekdays"),
        ({"mode": "every", "max_leads": 0}, "config.batching.max_leads"),
        ({"mode": "every", "max_leads": 100_001}, "config.batching.max_leads"),
        ({"mode": "every", "colour": "blue"}, "config.batching.colour"),
    ],
)
def test_a_wrong_batching_is_refused_where_it_is_wrong(given: Any, attr: str) -> None:
    with pytest.raises(ConfigError) as refused:
        config(batching=given)
    assert [fault.attr for fault in refused.value.faults] == [attr]


@pytest.mark.parametrize("subject", [None, DEFAULT_SUBJECT, DEFAULT_DIGEST_SUBJECT])
def test_a_subject_of_our_own_goes_by_the_batching(subject: str | None) -> None:
    assert config(subject=subject, batching={"mode": "every"})["subject"] == DEFAULT_DIGEST_SUBJECT
    assert config(subject=subject)["subject"] == DEFAULT_SUBJECT


def test_a_subject_of_the_users_own_stays() -> None:
    assert config(subject="{{ lead_count }} for you", batching={"mode": "every"})["subject"] == "{{ lead_count }} for you"


def test_only_email_channels_that_batch_are_batched() -> None:
    assert is_batched(config(batching={"mode": "every"}))
    assert not is_batched(config())
    assert not is_batched({"url": "https://partner.example.com/leads"})
