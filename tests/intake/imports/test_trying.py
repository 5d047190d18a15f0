"""POST /api/imports/{id}/preview: what an import would make of the file."""

from typing import Any

import pytest

from distribution.models import Lead
from tests.builders import Shop, make_account, make_entity
from tests.intake.imports.files import HEADER, MAPPING, import_file, upload

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture
def acme() -> Shop:
    shop = make_account()
    make_entity(shop, duplicates={"action": "skip", "match": [["email"]]})
    return shop


def tried(shop: Shop, content: bytes, mapping: Any = MAPPING, **options: Any) -> Any:
    import_id = upload(shop, content)["id"]
    answer = shop.call("POST", f"imports/{import_id}/preview", {"mapping": mapping, **options})
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_rows_are_shown_as_they_would_be_stored(acme: Shop) -> None:
    content = b"name,mail,number,words,colour\n Jane ,jane@EXAMPLE.com,078-05-1120,Call late,red\n"
    answer = tried(acme, content, {"0": "first_name", "1": "email", "2": "ssn", "3": "note"})
    assert answer == {
        "rows": [
            {
                "row": 2,
                "values": {"first_name": "Jane", "email": "jane@example.com", "ssn": "••••••"},
                "status": "new",
                "note": "Call late",
                "faults": [],
            }
        ],
        "checked": 1,
        "good": 1,
        "faulty": 0,
        "duplicates": 0,
        "left_out": ["colour"],
    }


def test_faults_stand_with_their_row_and_repeat_no_encrypted_value(acme: Shop) -> None:
    secret = b"s" * 10_001
    answer = tried(
        acme, b"name,mail,number\nJane,nope," + secret + b"\nJo,jo@example.com,1,2\n", {"0": "first_name", "1": "email", "2": "ssn"}
    )
    assert [[(fault["attr"], fault["code"]) for fault in row["faults"]] for row in answer["rows"]] == [
        [("email", "invalid"), ("ssn", "too_long")],
        [("", "too_many_cells")],
    ]
    assert "ssss" not in str(answer)


def test_counts_are_over_the_first_thousand_rows(acme: Shop) -> None:
    rows = b"".join(b"Jane,lead%d@example.com,1\n" % (n % 900) for n in range(990)) + b",,3\n" * 500
    answer = tried(acme, HEADER + rows, rows=2)
    shown = {name: answer[name] for name in ("checked", "good", "faulty", "duplicates")}
    assert (shown, len(answer["rows"])) == ({"checked": 1_000, "good": 990, "faulty": 10, "duplicates": 90}, 2)


def test_nothing_is_stored(acme: Shop) -> None:
    tried(acme, HEADER + b"Jane,jane@example.com,1\n")
    with acme.open():
        assert Lead.objects.count() == 0


def test_without_match_keys_nobody_counts_duplicates(acme: Shop) -> None:
    shop = make_account("Other", "charlie@other.test")
    make_entity(shop)
    assert tried(shop, HEADER + b"Jane,,\nJane,,\n")["duplicates"] is None


@pytest.mark.parametrize("body", [{"mapping": {"0": "nope"}}, {"mapping": MAPPING, "rows": 101}, {"mapping": MAPPING, "rows": 0}, {}])
def test_a_faulty_request_is_refused(acme: Shop, body: dict[str, Any]) -> None:
    import_id = upload(acme, HEADER + b"Jane,,\n")["id"]
    assert acme.call("POST", f"imports/{import_id}/preview", body).status_code == 400


def test_when_the_file_is_gone(acme: Shop) -> None:
    import_id = import_file(acme, HEADER + b"Jane,,\n")["id"]
    answer = acme.call("POST", f"imports/{import_id}/preview", {"mapping": MAPPING})
    assert (answer.status_code, answer.json()["errors"][0]["detail"]) == (409, "This import is done; its file was destroyed.")
