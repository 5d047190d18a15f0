"""Nothing of a file stays longer than it is of use."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from accounts import jobs
from accounts.access import Access
from accounts.jobs import Step, take_one_step
from accounts.models import Job
from intake.imports.cleaning import clean_imports
from intake.models import Import, ImportFaultyRows, ImportPart
from leadflip.background import CHORES, KINDS
from tests.builders import Shop, make_account, make_entity
from tests.intake.imports.files import HEADER, import_file, start, upload

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FAULTY = HEADER + b"Jane,nope,1\n"


@pytest.fixture
def acme() -> Shop:
    shop = make_account()
    make_entity(shop)
    return shop


def left(shop: Shop) -> tuple[int, int, int]:
    """Imports, parts of files, batches of faulty rows."""
    with shop.open():
        return Import.objects.count(), ImportPart.objects.count(), ImportFaultyRows.objects.count()


def test_it_is_one_of_the_hourly_chores() -> None:
    assert clean_imports in CHORES


def test_an_upload_that_nobody_starts_goes_after_a_day(acme: Shop) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        upload(acme, FAULTY)
        clock.shift(timedelta(hours=23, minutes=59))
        assert (clean_imports(), left(acme)) == (0, (1, 1, 0))
        clock.shift(timedelta(minutes=2))
        assert (clean_imports(), left(acme)) == (1, (0, 0, 0))


def test_faulty_rows_go_after_a_week_and_the_counts_stay(acme: Shop) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        import_id = import_file(acme, FAULTY)["id"]
        clock.shift(timedelta(days=6, hours=23))
        assert (clean_imports(), left(acme)) == (0, (1, 0, 1))
        clock.shift(timedelta(hours=2))
        assert (clean_imports(), left(acme)) == (1, (1, 0, 0))
        assert clean_imports() == 0
    answer = acme.get(f"imports/{import_id}")
    assert (answer["state"], answer["faulty"], answer["columns"]) == ("done", 1, [])


def test_the_file_of_an_import_whose_job_is_cancelled_goes_at_once(acme: Shop) -> None:
    import_id = upload(acme, FAULTY)["id"]
    start(acme, import_id)
    assert left(acme) == (1, 1, 0)
    with acme.open():
        jobs.cancel(Job.objects.get())
    assert left(acme) == (1, 0, 0)
    assert acme.get(f"imports/{import_id}")["state"] == "cancelled"


def test_the_file_of_an_import_that_fails_goes_at_once(acme: Shop) -> None:
    import_id = upload(acme, FAULTY)["id"]
    start(acme, import_id)

    def stumbles(_access: Access, _job: Job) -> Step:
        raise RuntimeError("A fault of ours")

    for stumble in range(5):
        assert left(acme) == (1, 1, 0), stumble
        assert take_one_step({"import": stumbles})
    assert left(acme) == (1, 0, 0)
    assert acme.get(f"imports/{import_id}")["state"] == "failed"


def test_what_is_under_way_is_left_alone(acme: Shop) -> None:
    with time_machine.travel(NOW, tick=False) as clock:
        start(acme, upload(acme, HEADER + b"Jane,,\n" * 600)["id"])
        take_one_step(KINDS)
        clock.shift(timedelta(days=30))
        assert (clean_imports(), left(acme)) == (0, (1, 2, 0))


def test_every_account_is_cleaned(acme: Shop) -> None:
    other = make_account("Other", "charlie@other.test")
    make_entity(other)
    with time_machine.travel(NOW, tick=False) as clock:
        upload(acme, FAULTY)
        upload(other, FAULTY)
        clock.shift(timedelta(days=2))
        assert (clean_imports(), left(acme), left(other)) == (2, (0, 0, 0), (0, 0, 0))
