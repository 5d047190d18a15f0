import time
from itertools import pairwise

from accounts.ids import new_id


def test_an_id_is_a_uuid_of_version_7() -> None:
    made = new_id()
    assert (made.version, made.variant) == (7, "specified in RFC 4122")


def test_an_id_begins_with_the_time() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id().int >> 80
    assert before <= made <= time.time_ns() // 1_000_000


def test_ids_of_one_batch_are_in_the_order_they_were_made() -> None:
    made = [new_id() for _ in range(2_000)]
    in_order = sum(first < second for first, second in pairwise(made))
    # Two in the same quarter of a microsecond stand in any order.
    assert in_order > 1_990


def test_ids_are_unique() -> None:
    assert len({new_id() for _ in range(100_000)}) == 100_000
