from datetime import date

import pytest

from leadflip.dashboard.charts import HEIGHT, Day, nice_ceiling, sparkline, volume_chart


@pytest.mark.parametrize(
    ("most", "ceiling"),
    [(1, 4), (4, 4), (5, 8), (13, 16), (33, 40), (99, 100), (101, 120), (560, 600), (1_000, 1_200), (1_001, 1_200), (9_999, 10_000)],
)
def test_the_scale_ends_at_a_number_that_four_whole_steps_lead_to(most: int, ceiling: int) -> None:
    assert (nice_ceiling(most), ceiling % 4) == (ceiling, 0)


def test_the_failed_stand_on_top_of_the_delivered() -> None:
    chart = volume_chart([Day(date(2026, 11, 24), delivered=6, failed=2)])
    (bar,) = chart.bars
    assert bar.failed_y + bar.failed_height <= bar.delivered_y
    assert bar.delivered_height == 3 * bar.failed_height
    assert bar.delivered_y + bar.delivered_height == HEIGHT - 28


def test_days_without_anything_draw_nothing() -> None:
    chart = volume_chart([Day(date(2026, 11, 1), 0, 0), Day(date(2026, 11, 2), 0, 0)])
    assert [(bar.delivered_height, bar.failed_height) for bar in chart.bars] == [(0, 0), (0, 0)]
    assert [line.number for line in chart.lines] == [0, 1, 2, 3, 4]


def test_a_line_needs_two_values_and_stays_within_its_drawing() -> None:
    assert sparkline([5]) == ""
    assert sparkline([0, 10]) == "0.0,22.0 80.0,2.0"
    assert sparkline([3, 3]) == "0.0,22.0 80.0,22.0"
