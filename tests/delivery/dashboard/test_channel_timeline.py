"""A retry policy as a line of logarithmic time."""

from typing import Any

import pytest

from delivery.dashboard.channel_timeline import spoken_time, timeline_of


@pytest.mark.parametrize(
    ("retry", "words"),
    [
        ({"policy": "standard"}, "11 tries within 75 h 35 min"),
        ({"policy": "fast"}, "7 tries within 23 min 5 s"),
        ({"policy": "none"}, "One try, and no more"),
        ({"policy": "custom", "delays_seconds": [60, 3_600]}, "3 tries within 1 h 1 min"),
    ],
)
def test_the_words_say_how_many_tries_over_how_long(retry: dict[str, Any], words: str) -> None:
    timeline = timeline_of(retry)
    assert timeline is not None
    assert timeline.words == words


def test_every_try_has_its_mark_and_the_last_its_label() -> None:
    timeline = timeline_of({"policy": "standard"})
    assert timeline is not None
    assert [mark.number for mark in timeline.marks] == list(range(1, 12))
    assert (timeline.marks[0].label, timeline.marks[-1].label) == ("now", "75 h")


def test_marks_stand_in_their_order_within_the_line() -> None:
    timeline = timeline_of({"policy": "custom", "delays_seconds": [1, 1, 600_000]})
    assert timeline is not None
    places = [float(mark.x.rstrip("%")) for mark in timeline.marks]
    assert places == sorted(places)
    assert (places[0], places[-1]) == (2.0, 94.0)


def test_delays_that_cannot_be_read_have_no_timeline() -> None:
    assert timeline_of({"policy": "custom", "delays_seconds": ["soon"]}) is None


@pytest.mark.parametrize(("seconds", "spoken"), [(0, "now"), (59, "59 s"), (335, "5 min 35 s"), (7_200, "2 h"), (272_135, "75 h 35 min")])
def test_times_are_spoken_in_their_largest_units(seconds: int, spoken: str) -> None:
    assert spoken_time(seconds) == spoken
