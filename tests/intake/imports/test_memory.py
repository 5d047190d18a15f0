"""A file of any length is taken in and imported in the memory that a short one needs."""

import io
import tracemalloc
from collections.abc import Callable

import pytest

from accounts.jobs import take_one_step
from intake.imports.upload import FileOptions, take_file
from leadflip.background import KINDS
from tests.builders import Shop, make_account, make_entity
from tests.intake.imports.files import HEADER, start

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


def peak_of(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def uploaded(shop: Shop, rows: int) -> tuple[str, int]:
    """The import's id, and the most bytes that taking it in has needed beside the file itself."""
    file = io.BytesIO(HEADER + b"".join(b"Lead %d,lead%d@example.com,%05d\n" % (n, n, n) for n in range(rows)))
    taken = []

    def take() -> None:
        taken.append(take_file(shop.access, file, entity="solar_leads", file_name="leads.csv", options=FileOptions()))

    with shop.open():
        peak = peak_of(take)
    return str(taken[0].id), peak


def test_twenty_thousand_rows_need_what_two_thousand_need() -> None:
    acme = make_account()
    make_entity(acme)
    uploaded(acme, 600)  # what is loaded once is loaded now
    (short_id, short), (long_id, long) = uploaded(acme, 2_000), uploaded(acme, 20_000)
    assert long < short * 1.5
    peaks = {}
    for import_id in (short_id, long_id):
        start(acme, import_id)
        take_one_step(KINDS)
        peaks[import_id] = peak_of(lambda: [None for _ in iter(lambda: take_one_step(KINDS), False)])
    assert peaks[long_id] < peaks[short_id] * 1.5
