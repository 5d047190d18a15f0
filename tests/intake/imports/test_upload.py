"""POST /api/imports: a file comes in."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client

from intake.models import Import, ImportPart
from tests.builders import Shop, make_account, make_entity, make_member
from tests.intake.imports.files import HEADER, post_file, refusal, upload

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Shop:
    shop = make_account()
    make_entity(shop)
    return shop


def test_the_answer_tells_how_the_file_was_read(acme: Shop) -> None:
    content = "Vorname;E-Mail;Colour\r\nJané;jane@example.com;red\r\n\r\nJo;jo@example.com\r\n".encode("cp1252")
    answer = upload(acme, content)
    told = {name: answer[name] for name in ("file_name", "size", "encoding", "delimiter", "has_bom", "state", "job")}
    assert told == {
        "file_name": "leads.csv",
        "size": len(content),
        "encoding": "windows-1252",
        "delimiter": ";",
        "has_bom": False,
        "state": "uploaded",
        "job": None,
    }
    assert answer["progress"]["rows_total"] == 2
    assert answer["columns"] == [
        {"index": 0, "name": "Vorname", "samples": ["Jané", "Jo"], "field": "first_name", "confidence": "medium"},
        {"index": 1, "name": "E-Mail", "samples": ["jane@example.com", "jo@example.com"], "field": "email", "confidence": "high"},
        {"index": 2, "name": "Colour", "samples": ["red"], "field": None, "confidence": None},
    ]
    assert answer["warnings"] == [
        "The file is not UTF-8 (byte 27 is not); it was read as Windows-1252. Look whether accented letters are right.",
        "1 blank row is left out.",
    ]
    assert acme.get(f"imports/{answer['id']}") == answer


def test_a_file_without_a_header(acme: Shop) -> None:
    answer = upload(acme, b"Jane,jane@example.com\nJo,jo@example.com\n", has_header="false")
    assert [(column["name"], column["samples"]) for column in answer["columns"]] == [
        ("column 1", ["Jane", "Jo"]),
        ("column 2", ["jane@example.com", "jo@example.com"]),
    ]
    assert answer["progress"]["rows_total"] == 2


def test_what_is_said_goes_before_what_is_found(acme: Shop) -> None:
    answer = upload(acme, "a;ä,b\n1;2,3\n".encode("cp1252"), delimiter="tab", encoding="windows-1252")
    assert (answer["delimiter"], answer["encoding"], [column["name"] for column in answer["columns"]]) == ("\t", "windows-1252", ["a;ä,b"])


def test_samples_of_encrypted_fields_are_masked(acme: Shop) -> None:
    answer = upload(acme, b"first_name,ssn\nJane,078-05-1120\n")
    assert answer["columns"][1]["samples"] == ["••••••"]


def test_samples_are_for_those_who_may_import(acme: Shop) -> None:
    import_id = upload(acme, HEADER + b"Jane,jane@example.com,9\n")["id"]
    shown = acme.get(f"imports/{import_id}", key=acme.key_with("read"))
    assert [column["samples"] for column in shown["columns"]] == [[], [], []]


def test_nothing_of_the_file_is_readable_in_the_database(acme: Shop) -> None:
    upload(acme, b"Geheim,email,zip\nJane,jane@example.com,90210\n", name="x.csv")
    with acme.open(), connections["default"].cursor() as cursor:
        cursor.execute("SELECT i::text || p::text FROM intake_import i JOIN intake_importpart p ON p.lead_import_id = i.id")
        ((row,),) = cursor.fetchall()
    for secret in ("Geheim", "Jane", "jane@example.com", "90210"):
        assert secret not in row
        assert secret.encode().hex() not in row


def test_parts_are_bounded_in_rows_and_bytes(acme: Shop) -> None:
    upload(acme, HEADER + b"".join(b"%d,a@example.com,9\n" % n for n in range(1_200)) + (b"x" * 100_000 + b",,\n") * 11)
    with acme.open():
        sizes = [len(sealed) for sealed in ImportPart.objects.order_by("number").values_list("sealed", flat=True)]
    assert len(sizes) == 4
    assert max(sizes) <= (1 << 20) + 100


@pytest.mark.parametrize(
    ("content", "code", "detail"),
    [
        (b"", "empty", "The file is empty."),
        (b"\n\n , \n", "empty", "The file has no row that is not blank; nothing can be imported."),
        (HEADER, "empty", "The file has a header and no row below it; nothing can be imported."),
        (b"PK\x03\x04\x00", "not_csv", "This is an Excel workbook (or another ZIP file); save it as CSV."),
        (HEADER + b'Jane,"open,9\n', "unclosed_quote", "Row 2, which begins in line 2, opens a quote that is never closed."),
    ],
)
def test_a_file_that_is_refused_leaves_nothing(acme: Shop, content: bytes, code: str, detail: str) -> None:
    assert refusal(acme, content) == (code, detail)
    with acme.open():
        assert (Import.objects.count(), ImportPart.objects.count()) == (0, 0)


def test_a_file_that_breaks_off_late_leaves_nothing_either(acme: Shop) -> None:
    assert refusal(acme, HEADER + b"Jane,jane@example.com,9\n" * 2_000 + b'"open\n')[0] == "unclosed_quote"
    with acme.open():
        assert ImportPart.objects.count() == 0


@pytest.mark.parametrize(
    ("options", "attr"),
    [
        ({"entity": "nope"}, "entity"),
        ({"delimiter": "x"}, "delimiter"),
        ({"encoding": "klingon"}, "encoding"),
        ({"colour": "red"}, "colour"),
        ({"file": "no file"}, "file"),
    ],
)
def test_what_is_wrong_with_the_request_is_told(acme: Shop, options: dict[str, Any], attr: str) -> None:
    answer = post_file(acme, HEADER + b"Jane,,\n", **options)
    assert (answer.status_code, [error["attr"] for error in answer.json()["errors"]]) == (400, [attr])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\leads\\may.csv", "may.csv"),
        ("a\u202ecsv.exe", "acsv.exe"),
        ("x" * 300 + ".csv", "x" * 99 + "…"),
    ],
)
def test_a_files_name_is_a_label_and_no_more(acme: Shop, name: str, label: str) -> None:
    assert upload(acme, HEADER + b"Jane,,\n", name=name)["file_name"] == label


def test_a_body_above_the_limit_is_not_read(acme: Shop) -> None:
    client: Any = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {acme.key}", "Content-Length": str(200 << 20)}
    answer = client.generic(
        "POST", "/api/imports", b"--x--\r\n", content_type="multipart/form-data; boundary=x", headers=headers, CONTENT_LENGTH=str(200 << 20)
    )
    assert answer.status_code == 413


def test_a_member_uploads_with_the_sessions_csrf_token(acme: Shop) -> None:
    user = make_member(acme, "bob@acme.test", "member")
    client: Any = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(user)
    client.cookies["csrftoken"] = token = "x" * 32
    from_page = {"file": _file(), "entity": "solar_leads"}
    assert client.post("/api/imports", from_page).status_code == 403
    answer = client.post("/api/imports", {**from_page, "file": _file()}, headers={"X-CSRFToken": token})
    assert (answer.status_code, answer.json()["progress"]["rows_total"]) == (201, 1)


def _file() -> Any:
    return SimpleUploadedFile("leads.csv", HEADER + b"Jane,,\n")
