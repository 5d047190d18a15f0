"""CSV files in the dashboard: uploaded, mapped, tried, started, watched."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from distribution.models import Lead
from intake.models import Import
from tests.builders import Set, make_account, make_set
from tests.intake.imports.files import stored, upload, work_off
from tests.pages import Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

FILE = b"First name,E-Mail,ZIP,SSN,Colour\nMaria,maria@example.com,90001,078-05-1120,red\nJo,nope,90002,,blue\n"
MAPPING = {"column_0": "first_name", "column_1": "email", "column_2": "zip", "column_3": "ssn", "column_4": ""}
STORED = {**MAPPING, "is_routed": "no", "on_duplicate": ""}


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


@pytest.fixture
def alice(acme: Set) -> Visitor:
    return sign_in(acme.shop)


def send(visitor: Visitor, content: bytes = FILE, **values: str) -> Any:
    body = {"file": SimpleUploadedFile("spring <b>.csv", content), "entity": "solar_leads", "has_header": "on", **values}
    return visitor.post("leads/imports/new", body)


def only_import(acme: Set) -> Import:
    with acme.shop.open():
        return Import.objects.get()


def path_of(acme: Set) -> str:
    return f"leads/imports/{only_import(acme).id}/"


def test_an_upload_leads_to_its_mapping_with_guesses(acme: Set, alice: Visitor) -> None:
    answer = send(alice)
    assert answer["Location"] == alice.url(path_of(acme))
    form = alice.get(path_of(acme)).context["form"]
    assert [line.field.value() for line in form.lines()] == ["first_name", "email", "zip", "ssn", ""]


def test_samples_of_an_encrypted_field_and_of_hostile_names_are_harmless(acme: Set, alice: Visitor) -> None:
    send(alice)
    page = alice.html(path_of(acme))
    assert "maria@example.com" in page
    assert "078-05-1120" not in page
    assert "spring <b>" not in page


def test_what_is_wrong_with_the_file_stands_at_the_file(acme: Set, alice: Visitor) -> None:
    answer = send(alice, b"PK\x03\x04 a workbook")
    assert answer.status_code == 400
    assert answer.context["form"].errors["file"] == ["This is an Excel workbook (or another ZIP file); save it as CSV."]
    with acme.shop.open():
        assert not Import.objects.exists()


def test_without_a_file_the_form_says_so(alice: Visitor) -> None:
    answer = alice.post("leads/imports/new", {"entity": "solar_leads"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"file"})


def test_an_upload_without_the_token_against_forgery_is_refused(acme: Set) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.get(email="alice@acme.test"))
    answer = client.post("/a/acme/leads/imports/new", {"entity": "solar_leads", "file": SimpleUploadedFile("a.csv", FILE)})
    assert answer.status_code == 403
    with acme.shop.open():
        assert not Import.objects.exists()


def test_trying_a_mapping_shows_rows_and_faults_and_stores_nothing(acme: Set, alice: Visitor) -> None:
    send(alice)
    answer = alice.post(path_of(acme), {**STORED, "try": "1"})
    tried = answer.context["tried"]
    assert (tried.trial.checked, tried.trial.good, tried.trial.faulty, tried.trial.left_out) == (2, 1, 1, ["Colour"])
    assert tried.labels == ["First name", "Email", "ZIP", "SSN"]
    assert tried.rows[0].cells == ["Maria", "maria@example.com", "90001", "••••••"]
    assert tried.rows[1].faults == ['Email: "nope" is not an email address; wanted an email address such as jane@example.com.']
    with acme.shop.open():
        assert Lead.objects.count() == 1


def test_a_mapping_without_a_required_field_is_refused(acme: Set, alice: Visitor) -> None:
    send(alice)
    answer = alice.post(path_of(acme), {**STORED, "column_0": ""})
    assert answer.status_code == 400
    assert "First name (first_name) is required and comes from no column" in str(answer.context["form"].non_field_errors())
    assert only_import(acme).state == "uploaded"


def test_a_column_is_not_sent_to_a_field_that_is_none(acme: Set, alice: Visitor) -> None:
    send(alice)
    answer = alice.post(path_of(acme), {**STORED, "column_4": "colour"})
    assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"column_4"})


def test_a_started_import_is_watched_to_its_end_and_gives_back_faulty_rows(acme: Set, alice: Visitor) -> None:
    send(alice)
    path = path_of(acme)
    assert alice.post(path, STORED)["Location"] == alice.url(path)
    assert 'hx-trigger="every 2s"' in alice.html(path)
    work_off()
    page = alice.get(path)
    record = page.context["record"]
    assert (record.state, record.created, record.faulty, page.context["percent"]) == ("done", 1, 1, 100)
    assert "every 2s" not in page.content.decode()
    assert stored(acme.shop)[-1] == {"first_name": "Maria", "email": "maria@example.com", "zip": "90001"}
    with acme.shop.open():
        assert Lead.objects.latest("id").deliveries.count() == 0
    faulty = b"".join(alice.get(f"{path}faulty.csv")).decode()
    assert faulty.splitlines()[1].startswith("3,")
    assert "Jo,nope,90002" in faulty


def test_its_leads_are_distributed_where_that_was_chosen(acme: Set, alice: Visitor) -> None:
    send(alice)
    alice.post(path_of(acme), {**STORED, "is_routed": "yes"})
    work_off()
    with acme.shop.open():
        assert Lead.objects.latest("id").deliveries.count() == 1


def test_a_file_is_imported_once(acme: Set, alice: Visitor) -> None:
    send(alice)
    alice.post(path_of(acme), STORED)
    answer = alice.post(path_of(acme), STORED, follow=True)
    assert "a file is imported once" in answer.content.decode()


def test_the_progress_is_a_part_for_htmx(acme: Set, alice: Visitor) -> None:
    send(alice)
    alice.post(path_of(acme), STORED)
    part = alice.get(path_of(acme), headers={"HX-Request": "true"}).content.decode()
    assert part.strip().startswith('<section class="card" id="progress"')
    assert "0 of 2 rows" in part


def test_a_discarded_file_is_gone(acme: Set, alice: Visitor) -> None:
    send(alice)
    alice.post(f"{path_of(acme)}cancel")
    assert only_import(acme).state == "cancelled"
    assert "this import" in alice.post(f"{path_of(acme)}cancel", follow=True).content.decode().lower()


def test_a_viewer_sees_how_far_it_is_and_no_values(acme: Set) -> None:
    upload(acme.shop, FILE)
    viewer, path = sign_in(acme.shop, "viewer"), path_of(acme)
    page = viewer.html(path)
    assert "E-Mail" in page
    assert "maria@example.com" not in page
    assert viewer.post(path, STORED).status_code == 403
    assert viewer.post(f"{path}cancel").status_code == 403
    assert viewer.get("leads/imports/new").status_code == 403
    assert send(viewer).status_code == 403
    assert only_import(acme).state == "uploaded"


def test_another_accounts_import_is_not_there(acme: Set) -> None:
    upload(acme.shop, FILE)
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    for path in (path_of(acme), f"{path_of(acme)}faulty.csv"):
        assert charlie.get(path).status_code == 404


def test_the_list_costs_the_same_queries_however_long_it_is(acme: Set, alice: Visitor) -> None:
    upload(acme.shop, FILE)
    few = alice.count_queries("leads/imports/")
    for _ in range(4):
        upload(acme.shop, FILE)
    assert alice.count_queries("leads/imports/") == few
    assert few <= 14


def test_an_empty_list_says_what_to_do(alice: Visitor) -> None:
    assert "No file was imported yet" in alice.html("leads/imports/")
