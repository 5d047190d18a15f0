"""The live preview: the very request or mail, of what is typed and not saved."""

from typing import Any

import pytest

from accounts.ids import new_id
from accounts.models import MailServer
from delivery.dashboard.bodies import readable
from delivery.models import Attempt, Delivery, DeliveryChannel
from tests.builders import EMAIL, Set, make_account, make_set
from tests.delivery.dashboard.test_channel_page import WITH_SECRETS, path_of
from tests.pages import HTMX, Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def acme() -> Set:
    return make_set(make_account(), WITH_SECRETS)


@pytest.fixture
def alice(acme: Set) -> Visitor:
    return sign_in(acme.shop)


@pytest.fixture
def post_office() -> Set:
    return make_set(make_account(), EMAIL)


def preview(visitor: Visitor, acme: Set, **form: Any) -> Any:
    answer = visitor.post(path_of(acme, "/preview"), {"kind": "webhook", **form}, headers=HTMX)
    assert answer.status_code == 200
    return answer


def faults(answer: Any) -> list[tuple[str, str]]:
    return [(fault.control, fault.detail) for fault in answer.context["faults"]]


def test_the_request_is_shown_with_its_secrets_masked(acme: Set, alice: Visitor) -> None:
    form = {"url": "https://partner.example.com/new", "headers-0-name": "X-Api-Key", "headers-0-secret": "on", "auth_kind": "bearer"}
    shown = preview(alice, acme, **form).context["shown"]
    assert (shown["method"], shown["url"]) == ("POST", "https://partner.example.com/new")
    assert {name: shown["headers"][name] for name in ("X-Api-Key", "Authorization")} == {
        "X-Api-Key": "••••••",
        "Authorization": "Bearer ••••••",
    }


def test_a_lead_is_shown_as_its_partner_would_get_it_with_encrypted_values_masked(acme: Set, alice: Visitor) -> None:
    form = {"url": "https://p.example.com/", "payload_format": "json_flat", "include_encrypted": "on", "lead": str(acme.lead.id)}
    answer = preview(alice, acme, **form)
    assert '"zip": "90210"' in answer.context["shown"]["body"]
    assert '"ssn": "••••••"' in answer.context["shown"]["body"]
    assert "078-05-1120" not in answer.content.decode()


def test_a_real_lead_is_no_test_and_a_sample_is_one(acme: Set, alice: Visitor) -> None:
    url = {"url": "https://partner.example.com/leads"}
    assert '"test": false' in preview(alice, acme, **url, lead=str(acme.lead.id)).context["shown"]["body"]
    assert '"test": true' in preview(alice, acme, **url).context["shown"]["body"]


def test_nothing_is_stored_or_sent(acme: Set, alice: Visitor) -> None:
    preview(alice, acme, url="https://partner.example.com/elsewhere", payload_format="form")
    with acme.shop.open():
        assert DeliveryChannel.objects.get().config["url"] == "https://partner.example.com/leads"
        assert (Attempt.objects.count(), Delivery.objects.count()) == (0, 1)


def test_an_unknown_name_in_a_template_is_told_with_its_line_and_word(acme: Set, alice: Visitor) -> None:
    template = '{\n  "a": {{ first_name }},\n  "b": {{ zipp }}\n}'
    answer = preview(alice, acme, url="https://partner.example.com/leads", payload_format="template", template=template)
    (fault,) = answer.context["faults"]
    assert (fault.control, fault.line, fault.before, fault.word, fault.after) == ("template", 3, '"b": {{ ', "zipp", " }}")
    assert "did you mean zip?" in fault.detail
    assert answer.context["shown"] is None


def test_an_address_that_is_missing_is_told_and_the_body_shown_all_the_same(acme: Set, alice: Visitor) -> None:
    answer = preview(alice, acme, payload_format="json_flat")
    assert faults(answer) == [("url", "The address to send leads to is missing.")]
    assert answer.context["shown"]["url"] == ""
    assert '"first_name": "Sample First name"' in answer.context["shown"]["body"]


def test_a_header_that_is_refused_is_told_and_left_out(acme: Set, alice: Visitor) -> None:
    form = {
        "url": "https://p.example.com/",
        "headers-2-name": "Host",
        "headers-2-value": "x",
        "headers-5-name": "X-Good",
        "headers-5-value": "y",
    }
    answer = preview(alice, acme, **form)
    assert faults(answer) == [("headers-2-name", "The header Host is set by Leadflip itself.")]
    assert answer.context["shown"]["headers"]["X-Good"] == "y"
    assert "Host" not in answer.context["shown"]["headers"]


def test_templates_may_name_what_the_choice_of_fields_lets_out(acme: Set, alice: Visitor) -> None:
    names = [one.name for one in preview(alice, acme).context["names"]]
    assert {"first_name", "zip", "lead_name", "created_at"} <= set(names)
    assert "ssn" not in names


def test_the_timeline_comes_along(acme: Set, alice: Visitor) -> None:
    answer = preview(alice, acme, retry_policy="custom", retry_delays="1m, 10m")
    assert answer.context["timeline"].words == "3 tries within 11 min"
    assert 'id="retry-timeline" hx-swap-oob="true"' in answer.content.decode()


def test_a_lead_that_there_is_not_shows_the_sample(acme: Set, alice: Visitor) -> None:
    answer = preview(alice, acme, url="https://partner.example.com/leads", lead=str(new_id()))
    assert (answer.context["lead_id"], "Sample First name" in answer.context["shown"]["body"]) == ("", True)


def test_a_kind_that_there_is_not_is_not_found(acme: Set, alice: Visitor) -> None:
    assert alice.post(path_of(acme, "/preview"), {"kind": "fax"}).status_code == 404


def test_a_mail_is_shown_with_its_parts(post_office: Set) -> None:
    form = {
        "kind": "email",
        "recipients": "a@helios.test",
        "subject": "New: {{ lead_name }}",
        "attach_csv": "on",
        "csv_delimiter": "semicolon",
    }
    shown = preview(sign_in(post_office.shop), post_office, **form).context["shown"]
    assert (shown["to"], shown["subject"]) == (["a@helios.test"], "New: Sample First name")
    assert shown["attachments"][0]["rows"][0] == ["first_name", "email", "zip", "budget"]
    assert "Sample ZIP" in shown["text"]


@pytest.mark.parametrize(
    "batching", [{"batching_mode": "every", "batching_minutes": "15"}, {"batching_mode": "daily", "batching_weekdays": ["1", "5"]}]
)
def test_leads_that_go_out_together_are_shown_as_a_mail_of_one(post_office: Set, batching: dict[str, Any]) -> None:
    answer = preview(sign_in(post_office.shop), post_office, kind="email", recipients="a@helios.test", **batching)
    assert faults(answer) == []
    assert answer.context["shown"]["subject"] == "New Lead: Sample First name"


def test_secrets_that_cannot_be_read_are_told(acme: Set, alice: Visitor) -> None:
    with acme.shop.open():
        DeliveryChannel.objects.update(sealed_secrets=b"unreadable")
    assert "cannot be read with the master keys" in preview(alice, acme, url="https://partner.example.com/leads").context["problem"]
    assert alice.get(path_of(acme)).status_code == 200


def test_the_mail_itself_stands_in_a_frame_of_its_own_rules(post_office: Set) -> None:
    alice = sign_in(post_office.shop)
    form = {"kind": "email", "recipients": "a@helios.test", "body_template": f"<b>{{{{ lead_name }}}}</b>{HOSTILE}"}
    answer = preview(alice, post_office, **form)
    assert HOSTILE not in answer.content.decode()
    frame = alice.get(path_of(post_office, f"/preview/{answer.context['shown']['frame']}"))
    assert "<b>Sample First name</b>" in frame.content.decode()
    policy = frame["Content-Security-Policy"]
    for rule in ("sandbox;", "default-src 'none'", "style-src 'unsafe-inline'", "img-src data:", "frame-ancestors 'self'"):
        assert rule in policy
    assert "script-src" not in policy
    assert (frame["X-Frame-Options"], frame["Cache-Control"]) == ("SAMEORIGIN", "no-store")


def test_the_frame_of_one_is_not_shown_to_another(post_office: Set) -> None:
    answer = preview(sign_in(post_office.shop), post_office, kind="email", recipients="a@helios.test")
    address = path_of(post_office, f"/preview/{answer.context['shown']['frame']}")
    assert "This preview is over." in sign_in(post_office.shop, "admin").html(address)
    assert sign_in(make_account("Charlie", "charlie@charlie.test")).get(address).status_code == 404


def test_the_password_of_the_mail_server_is_not_needed_for_a_preview(post_office: Set) -> None:
    with post_office.shop.open() as access:
        MailServer.objects.create(
            account_id=access.account_id, host="mail.acme.test", from_address="leads@acme.test", sealed_password=b"unreadable"
        )
    answer = preview(sign_in(post_office.shop), post_office, kind="email", recipients="a@helios.test")
    assert answer.context["shown"]["from"] == "leads@acme.test"


@pytest.mark.parametrize(
    ("content_type", "body", "shown"),
    [
        ("application/json", '{"a":1.50,"b":[]}', '{\n  "a": 1.50,\n  "b": []\n}'),
        ("application/json", "{no json", "{no json"),
        ("application/x-www-form-urlencoded", "a=1%262&b=", "a = 1&2\nb = "),
        ("text/xml", "<a/>", "<a/>"),
    ],
)
def test_a_body_is_laid_out_without_changing_what_it_says(content_type: str, body: str, shown: str) -> None:
    assert readable(content_type, body) == shown
