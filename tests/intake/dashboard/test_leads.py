"""Leads in the dashboard: the list, and one lead."""

from datetime import timedelta
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from delivery.models import ChannelHealth, Delivery
from delivery.outcome import Verdict
from distribution.models import Lead
from distribution.profiles import change_profile
from intake.dashboard.leads import Row
from intake.pipeline import IncomingLead, receive_lead
from tests.builders import FIELDS, Set, make_account, make_assignment, make_channel, make_entity, make_lead, make_partner, make_set
from tests.delivery.api.tries import make_attempt
from tests.pages import Visitor, sign_in

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

SECRET = "078-05-1120"


@pytest.fixture
def acme() -> Set:
    return make_set(make_account())


@pytest.fixture
def alice(acme: Set) -> Visitor:
    return sign_in(acme.shop)


def rows_of(visitor: Visitor, query: str = "") -> list[Row]:
    return list(visitor.get(f"leads/?{query}").context["slice"].rows)


def test_the_list_has_the_entitys_columns_and_what_became_of_each_lead(alice: Visitor) -> None:
    (row,) = rows_of(alice)
    assert (row.name, row.states) == ("Jane", [("queued", 1)])
    assert [(cell.label, cell.text) for cell in row.cells] == [
        ("Email", "jane@example.com"),
        ("ZIP", "90210"),
        ("Budget", "1500.5"),
        ("SSN", "••••••"),
    ]


def test_of_several_entities_one_or_all_are_shown(acme: Set, alice: Visitor) -> None:
    roofs = make_entity(acme.shop, name="Roofs", slug="roofs", fields=[{"key": "street", "label": "Street", "type": "text"}])
    with acme.shop.open() as access:
        receive_lead(access, "roofs", IncomingLead({"street": "Main St"}), source="api")
    assert [(row.name, row.entity) for row in rows_of(alice)] == [("Main St", roofs), ("Jane", acme.entity)]
    assert [row.name for row in rows_of(alice, "entity=roofs")] == ["Main St"]
    assert [row.name for row in rows_of(alice, "q=main")] == ["Main St"]


def test_without_an_entity_the_page_says_to_make_one() -> None:
    assert "Create an Entity" in sign_in(make_account()).html("leads/")


def test_encrypted_values_are_on_no_page_until_they_are_revealed(acme: Set, alice: Visitor) -> None:
    assert SECRET not in alice.html("leads/")
    assert SECRET not in alice.html(f"leads/{acme.lead.id}/")
    revealed = alice.post(f"leads/{acme.lead.id}/reveal")
    assert SECRET in revealed.content.decode()
    with acme.shop.open():
        event = AuditEvent.objects.get(action="revealed")
    assert (event.actor_label, event.object_id) == ("alice@acme.test", acme.lead.id)


@pytest.mark.parametrize("role", ["member", "viewer"])
def test_only_those_who_may_see_them_reveal_values(acme: Set, role: str) -> None:
    visitor = sign_in(acme.shop, role)
    assert "Reveal" not in visitor.html(f"leads/{acme.lead.id}/")
    answer = visitor.post(f"leads/{acme.lead.id}/reveal")
    assert (answer.status_code, SECRET in answer.content.decode()) == (403, False)
    with acme.shop.open():
        assert not AuditEvent.objects.filter(action="revealed").exists()


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("q=jane", 1),
        ("q=JANE%40EXAMPLE", 1),
        ("q=1500.5", 1),
        ("q=nobody", 0),
        ("q=email", 0),
        ("q=%25", 0),
        ("q=j_ne", 0),
        (f"q={SECRET}", 0),
        ("source=csv", 0),
        ("source=api", 1),
        ("delivered=none", 0),
        ("delivered=all", 1),
        ("since=2099-01-01", 0),
        ("until=2000-01-01", 0),
    ],
)
def test_filters_stand_in_the_address(alice: Visitor, query: str, number: int) -> None:
    assert len(rows_of(alice, query)) == number


def test_an_id_finds_its_lead_whatever_the_entity(acme: Set, alice: Visitor) -> None:
    make_entity(acme.shop, name="Roofs", slug="roofs")
    assert [row.lead.id for row in rows_of(alice, f"q={acme.lead.id}&entity=roofs")] == [acme.lead.id]
    assert rows_of(alice, "q=00000000-0000-7000-8000-000000000000") == []


def test_a_word_is_found_in_parts_of_an_address_and_not_in_their_names(acme: Set, alice: Visitor) -> None:
    make_entity(acme.shop, name="Roofs", slug="roofs", fields=[{"key": "home", "label": "Home", "type": "address"}])
    with acme.shop.open() as access:
        receive_lead(access, "roofs", IncomingLead({"home": {"city": "Springfield"}}), source="api")
    assert len(rows_of(alice, "q=springf&entity=roofs")) == 1
    assert rows_of(alice, "q=city&entity=roofs") == []


@pytest.mark.parametrize("word", ['"The Rock"', "back\\slash", "50%", "Zoë", "two\nlines"])
def test_marks_that_json_or_patterns_use_are_looked_for_as_they_are(acme: Set, alice: Visitor, word: str) -> None:
    lead = make_lead(acme.shop, first_name=f"Jo {word} Ann")
    assert [row.lead.id for row in rows_of(alice, urlencode({"q": word}))] == [lead.id]


def test_an_encrypted_value_is_found_where_it_is_a_match_key(acme: Set, alice: Visitor) -> None:
    duplicates = {"action": "create_anyway", "match": [["ssn"], ["zip", "email"]], "window_days": None}
    assert acme.shop.call("PATCH", "entities/solar_leads", {"duplicates": duplicates}).status_code == 200
    lead = make_lead(acme.shop)
    assert [row.lead.id for row in rows_of(alice, f"q={SECRET}")] == [lead.id]
    assert rows_of(alice, "q=078-05") == []


def test_a_value_whose_field_is_encrypted_by_now_is_found_and_shown_no_more(acme: Set, alice: Visitor) -> None:
    fields = [{**field, "is_encrypted": field["key"] in ("ssn", "zip")} for field in FIELDS]
    assert acme.shop.call("PATCH", "entities/solar_leads", {"fields": fields}).status_code == 200
    assert rows_of(alice, "q=90210") == []
    assert "90210" not in alice.html("leads/")
    assert "90210" not in alice.html(f"leads/{acme.lead.id}/")


def test_a_lead_says_why_it_went_where_it_went(acme: Set, alice: Visitor) -> None:
    make_assignment(
        acme.shop,
        acme.profile,
        make_partner(acme.shop, "Sunrise"),
        rules={"all": [{"field": "zip", "operator": "starts_with", "value": "1"}]},
    )
    lead = make_lead(acme.shop)
    page = alice.html(f"leads/{lead.id}/")
    assert "Helios Direct</bdi></strong>: Chosen." in page
    assert "Sunrise</bdi></strong>: not chosen. ZIP" in page


def test_hostile_values_stay_text(acme: Set, alice: Visitor) -> None:
    lead = make_lead(acme.shop, first_name="<img src=x onerror=alert(1)>" + "x" * 900)
    for path in ("leads/", f"leads/{lead.id}/"):
        assert "<img src=x" not in alice.html(path)


def test_the_list_costs_the_same_queries_however_long_it_is(acme: Set, alice: Visitor) -> None:
    few = alice.count_queries("leads/")
    for _ in range(8):
        make_lead(acme.shop)
    assert alice.count_queries("leads/") == few
    assert few <= 16


def test_a_lead_that_was_found_nobody_for_is_in_the_list_of_those(acme: Set, alice: Visitor) -> None:
    with acme.shop.open() as access:
        change_profile(access, acme.profile, {"is_enabled": False})
    lead = make_lead(acme.shop, first_name="Left alone")
    assert [row.lead.id for row in rows_of(alice, "delivered=none")] == [lead.id]


def test_a_viewer_looks_and_changes_nothing(acme: Set) -> None:
    viewer = sign_in(acme.shop, "viewer")
    page = viewer.html(f"leads/{acme.lead.id}/").split("<main")[1]
    assert "Redistribute" not in page
    assert "Erase" not in page
    for path in (f"leads/{acme.lead.id}/redistribute", f"leads/{acme.lead.id}/erase", "leads/new/solar_leads"):
        assert viewer.post(path).status_code == 403
    with acme.shop.open():
        assert Lead.objects.get().erased_at is None
        assert Delivery.objects.count() == 1


def test_the_timeline_tells_every_try_and_renews_itself_while_something_moves(acme: Set, alice: Visitor) -> None:
    make_attempt(acme, verdict=Verdict.RETRY, code="http_503", reason="The server answers 503.")
    page = alice.html(f"leads/{acme.lead.id}/")
    assert "The server answers 503." in page
    assert 'hx-trigger="every 3s"' in page
    part = alice.html(f"leads/{acme.lead.id}/", headers={"HX-Request": "true"})
    assert part.strip().startswith('<section class="card" id="journeys"')
    with acme.shop.open():
        acme.lead.deliveries.update(state="delivered", finished_at=timezone.now())
    assert "every 3s" not in alice.html(f"leads/{acme.lead.id}/")


def test_one_lead_costs_the_same_queries_however_much_happened_to_it(acme: Set, alice: Visitor) -> None:
    few = alice.count_queries(f"leads/{acme.lead.id}/")
    for number in range(4):
        make_channel(acme.shop, make_assignment(acme.shop, acme.profile, make_partner(acme.shop, f"Partner {number}")))
    alice.post(f"leads/{acme.lead.id}/redistribute")
    assert alice.count_queries(f"leads/{acme.lead.id}/") == few
    assert few <= 16


def test_another_accounts_lead_is_not_there(acme: Set) -> None:
    charlie = sign_in(make_account("Charlie", "charlie@charlie.test"))
    assert charlie.get(f"leads/{acme.lead.id}/").status_code == 404
    assert charlie.post(f"leads/{acme.lead.id}/erase").status_code == 404
    assert charlie.get("leads/new/solar_leads").status_code == 404


def test_a_lead_that_waits_for_an_open_breaker_is_held(acme: Set, alice: Visitor) -> None:
    with acme.shop.open() as access:
        until = timezone.now() + timedelta(minutes=1)
        ChannelHealth.objects.create(channel=acme.channel, account_id=access.account_id, opened_at=timezone.now(), open_until=until)
    (row,) = alice.get("leads/").context["slice"].rows
    assert row.states == [("held", 1)]
