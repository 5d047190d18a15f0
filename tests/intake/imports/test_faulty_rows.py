"""GET /api/imports/{id}/faulty.csv"""

import csv
from io import StringIO

import pytest
from django.db import connection

from intake.models import ImportFaultyRows
from tests.builders import Shop, make_account, make_entity
from tests.intake.imports.files import HEADER, faulty_csv, import_file, upload

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

WITH_SSN = {"0": "first_name", "1": "email", "2": "ssn"}


@pytest.fixture
def acme() -> Shop:
    shop = make_account()
    make_entity(shop)
    return shop


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(StringIO(text, newline="")))


def test_the_rows_as_they_came_with_number_and_fault(acme: Shop) -> None:
    answer = import_file(acme, HEADER + b'Jane,jane@example.com,1\n\n"Jo\nAnn",nope,2\nJim,jim@example.com,3,4\n,\n,jo@example.com\n')
    assert answer["faulty"] == 3
    assert rows_of(faulty_csv(acme, answer["id"])) == [
        ["row", "fault", "first_name", "email", "zip"],
        ["4", 'Email: "nope" is not an email address; wanted an email address such as jane@example.com.', "Jo\nAnn", "nope", "2"],
        ["5", "The row has 4 cells and the file 3 columns. Is a quote missing?", "Jim", "jim@example.com", "3", "4"],
        ["7", "First name is missing; wanted a text of at most 10,000 characters.", "", "jo@example.com"],
    ]


def test_formulas_are_defused(acme: Shop) -> None:
    answer = import_file(acme, b"first_name,=email\n=cmd|' /C calc'!A0,nope\n@SUM(1),nope\n-12.5,nope\n", {"0": "first_name", "1": "email"})
    header, *rows = rows_of(faulty_csv(acme, answer["id"]))
    assert header[2:] == ["first_name", "'=email"]
    assert [row[2] for row in rows] == ["'=cmd|' /C calc'!A0", "'@SUM(1)", "-12.5"]


def test_it_may_not_be_kept_by_a_cache(acme: Shop) -> None:
    import_id = import_file(acme, HEADER + b",,\nJane,nope,1\n")["id"]
    answer = acme.call("GET", f"imports/{import_id}/faulty.csv")
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="faulty-rows-{import_id}.csv"'


def test_encrypted_cells_are_masked_without_the_scope_for_them(acme: Shop) -> None:
    content = b"first_name,email,ssn\nJane,nope,078-05-1120\nJo,nope,moved,219-09-9999\n"
    import_id = import_file(acme, content, WITH_SSN)["id"]
    masked = rows_of(faulty_csv(acme, import_id, key=acme.key_with("read")))
    assert [row[2:] for row in masked[1:]] == [["Jane", "nope", "••••••"], ["••••••"] * 4]
    shown = rows_of(faulty_csv(acme, import_id, key=acme.key_with("read", "read:encrypted")))
    assert [row[2:] for row in shown[1:]] == [["Jane", "nope", "078-05-1120"], ["Jo", "nope", "moved", "219-09-9999"]]


def test_they_are_unreadable_in_the_database(acme: Shop) -> None:
    import_file(acme, HEADER + b"Geheim,nope,1\n")
    with acme.open(), connection.cursor() as cursor:
        cursor.execute("SELECT f::text FROM intake_importfaultyrows f")
        ((row,),) = cursor.fetchall()
    assert b"Geheim".hex() not in row


def test_ten_thousand_are_kept_and_all_are_counted(acme: Shop) -> None:
    answer = import_file(acme, HEADER + b"Jane,nope,1\n" * 10_600)
    assert answer["faulty"] == 10_600
    assert len(rows_of(faulty_csv(acme, answer["id"]))) == 10_001
    with acme.open():
        assert ImportFaultyRows.objects.count() == 20


def test_before_the_import_there_are_none(acme: Shop) -> None:
    import_id = upload(acme, HEADER + b"Jane,,\n")["id"]
    assert rows_of(faulty_csv(acme, import_id)) == [["row", "fault", "first_name", "email", "zip"]]
