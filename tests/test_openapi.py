"""The OpenAPI document and its page."""

import re
from io import StringIO
from typing import Any

import pytest
import yaml
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.builders import Set
from tests.test_every_url import CALLS, acme, filled, ids_of

__all__ = ["acme"]  # a fixture

pytestmark = pytest.mark.django_db(databases=["default", "owner"])


@pytest.fixture(scope="module")
def document() -> Any:
    answer = Client().get("/api/schema/")
    assert answer.status_code == 200
    return answer.json()


def test_it_is_valid_and_made_without_a_warning() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_it_is_open_api_3_1_and_names_the_key(document: Any) -> None:
    assert document["openapi"].startswith("3.1")
    scheme = document["components"]["securitySchemes"]["apiKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert all({"apiKey": []} in operation["security"] for path in document["paths"].values() for operation in path.values())


def test_it_comes_as_yaml_too(document: Any) -> None:
    assert yaml.safe_load(Client().get("/api/schema/?format=yaml").content) == document


def test_every_call_is_in_it_and_described(document: Any) -> None:
    wanted = {(call.method.lower(), re.sub(r"\{\w+\}|solar_leads", "*", f"/api/{call.path}")) for call in CALLS}
    operations = {
        (method, re.sub(r"\{\w+\}", "*", path)): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    assert wanted == set(operations)
    assert not [where for where, operation in operations.items() if not operation.get("description")]


@pytest.mark.parametrize(
    "path", [call.path for call in CALLS if call.method == "GET" and not call.path.endswith(("export", ".csv", "solar_leads"))]
)
def test_answers_are_as_it_says(document: Any, acme: Set, path: str) -> None:
    template = re.sub(r"\{\w+\}", "*", f"/api/{path}")
    (described,) = [methods["get"] for known, methods in document["paths"].items() if re.sub(r"\{\w+\}", "*", known) == template]
    schema = described["responses"]["200"]["content"]["application/json"]["schema"]
    answer = acme.shop.get(filled(path, ids_of(acme)))
    faults = Draft202012Validator({**schema, "components": document["components"]}).iter_errors(answer)
    assert [(list(fault.path), fault.message) for fault in faults] == []


def test_the_first_five_minutes_can_be_read_off_it(document: Any) -> None:
    about = document["info"]["description"]
    for call in ("mail-server", "entities", "partners", "profiles", "assignments", "channel", "intake", "deliveries"):
        assert re.search(rf"(PUT|POST) {call}|/{call}\b", about), call
    for method, path in [
        ("put", "/api/mail-server"),
        ("post", "/api/entities"),
        ("post", "/api/partners"),
        ("post", "/api/profiles"),
        ("post", "/api/profiles/{profile_id}/assignments"),
        ("put", "/api/profiles/{profile_id}/assignments/{id}/channel"),
        ("post", "/api/intake"),
    ]:
        body = document["paths"][path][method]["requestBody"]["content"]["application/json"]
        assert body["examples"], path


def test_every_error_has_the_one_shape(document: Any) -> None:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for code, answer in operation["responses"].items():
                if code >= "400":
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorAnswer"}, (path, method, code)


@pytest.mark.parametrize(
    ("path", "too_large", "of_another_type"),
    [
        ("/api/entities", "The body is larger than 1 MiB.", "The body is not application/json."),
        ("/api/leads/bulk", "The body is larger than 10 MiB.", "The body is not application/json."),
        ("/api/imports", "The body is larger than 101 MiB.", "The body is not multipart/form-data."),
        (
            "/api/intake",
            "The body is larger than 1 MiB.",
            "The body is not application/json or application/x-www-form-urlencoded or multipart/form-data.",
        ),
    ],
)
def test_every_call_says_how_large_and_of_what_type_its_body_may_be(document: Any, path: str, too_large: str, of_another_type: str) -> None:
    answers = document["paths"][path]["post"]["responses"]
    assert (answers["413"]["description"], answers["415"]["description"]) == (too_large, of_another_type)


def test_the_page_needs_nothing_from_elsewhere() -> None:
    page = Client().get("/api/docs/")
    assert page.status_code == 200
    html = page.content.decode()
    links = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert links
    for link in links:
        assert link.startswith("/"), link
        if link.startswith("/static/"):
            assert finders.find(link.removeprefix("/static/")), link
    # What the policy would refuse to run is not there: no script stands in the page itself.
    assert re.findall(r"<script(?![^>]*\bsrc=)", html) == []
    script = Client().get(next(link for link in links if "script=" in link).replace("&amp;", "&"))
    assert script["Content-Type"].startswith("application/javascript")


def test_the_policy_is_relaxed_on_the_page_alone_and_only_for_styles() -> None:
    def policy(path: str) -> dict[str, str]:
        text = Client().get(path)["Content-Security-Policy"]
        return dict(part.strip().partition(" ")[::2] for part in text.split(";"))

    docs, elsewhere = policy("/api/docs/"), policy("/api/members")
    assert docs["script-src"] == elsewhere["script-src"] == "'self'"
    assert docs["style-src"] == "'self' 'unsafe-inline'"
    assert elsewhere["style-src"] == "'self'"
