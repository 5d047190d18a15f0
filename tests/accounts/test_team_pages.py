"""The page of the team: what it shows to whom, and what it lets them do."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Invitation, Member, User
from tests.accounts.mailbox import mails_to
from tests.builders import Shop, make_account, make_member

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

TEAM = "/a/acme/team/"


@pytest.fixture
def acme() -> Shop:
    """Alice owns it, Bob may only look, Dora runs it."""
    shop = make_account()
    make_member(shop, "bob@acme.test", "viewer")
    make_member(shop, "dora@acme.test", "admin")
    return shop


def as_person(email: str) -> Any:
    browser = Client()
    browser.force_login(User.objects.get(email=email))
    return browser


def address(shop: Shop, email: str, act: str) -> str:
    with shop.open():
        return f"{TEAM}{Member.objects.get(user__email=email).id}/{act}"


def role_of(shop: Shop, email: str) -> str | None:
    with shop.open():
        return Member.objects.filter(user__email=email).values_list("role", flat=True).first()


def said(answer: Any) -> str:
    assert answer.status_code == 302, answer.content
    return str(answer.client.get(answer["Location"]).content.decode())


def test_a_viewer_sees_who_is_there_and_has_nothing_to_press(acme: Shop) -> None:
    page = as_person("bob@acme.test").get(TEAM).content.decode()
    for email in ("alice@acme.test", "bob@acme.test", "dora@acme.test"):
        assert email in page
    assert "Invite somebody" not in page
    assert "/role" not in page


def test_an_owner_invites_by_the_form(acme: Shop) -> None:
    answer = as_person("alice@acme.test").post(TEAM, {"email": "jane@helios.test", "role": "member"})
    page = said(answer)
    assert "The invitation to jane@helios.test is on its way." in page
    assert "Send again" in page
    assert len(mails_to("jane@helios.test")) == 1


@pytest.mark.parametrize(
    ("email", "role", "fault"),
    [
        ("jane", "viewer", "Enter a valid email address."),
        ("bob@acme.test", "viewer", "bob@acme.test is a member of this account already; change the role instead."),
        ("jane@helios.test", "king", "Select a valid choice. king is not one of the available choices."),
    ],
)
def test_a_faulty_invitation_says_why_at_its_field(acme: Shop, email: str, role: str, fault: str) -> None:
    answer = as_person("alice@acme.test").post(TEAM, {"email": email, "role": role})
    assert answer.status_code == 400
    assert fault in answer.content.decode()
    with acme.open():
        assert not Invitation.objects.exists()


def test_an_admin_is_not_offered_the_owners_role_and_cannot_take_it(acme: Shop) -> None:
    dora = as_person("dora@acme.test")
    assert '<option value="owner"' not in dora.get(TEAM).content.decode()
    assert dora.post(TEAM, {"email": "jane@helios.test", "role": "owner"}).status_code == 400
    assert "Only an owner can" in said(dora.post(address(acme, "dora@acme.test", "role"), {"role": "owner"}))
    assert role_of(acme, "dora@acme.test") == "admin"


def test_a_role_is_changed(acme: Shop) -> None:
    answer = as_person("dora@acme.test").post(address(acme, "bob@acme.test", "role"), {"role": "member"})
    assert "bob@acme.test is member now." in said(answer)
    assert role_of(acme, "bob@acme.test") == "member"


def test_removing_asks_first_and_names_what_is_lost(acme: Shop) -> None:
    dora, remove = as_person("dora@acme.test"), address(acme, "bob@acme.test", "remove")
    page = dora.get(remove).content.decode()
    assert "<strong>bob@acme.test</strong> loses access to Acme at once" in page
    assert role_of(acme, "bob@acme.test") == "viewer"
    assert "bob@acme.test is no longer a member." in said(dora.post(remove))
    assert role_of(acme, "bob@acme.test") is None
    assert as_person("bob@acme.test").get(TEAM).status_code == 404


def test_who_leaves_is_asked_as_the_one_who_leaves(acme: Shop) -> None:
    page = as_person("dora@acme.test").get(address(acme, "dora@acme.test", "remove")).content.decode()
    assert "<h1>Leave Acme</h1>" in page
    assert "You lose access to Acme at once." in page


def test_the_last_owner_stays(acme: Shop) -> None:
    answer = as_person("alice@acme.test").post(address(acme, "alice@acme.test", "remove"))
    assert "This is the account&#x27;s last owner." in said(answer)
    assert role_of(acme, "alice@acme.test") == "owner"


def test_who_leaves_is_not_sent_back_to_a_page_they_may_not_see(acme: Shop) -> None:
    answer = as_person("dora@acme.test").post(address(acme, "dora@acme.test", "remove"))
    assert answer["Location"] == "/"
    assert role_of(acme, "dora@acme.test") is None


def test_an_invitation_is_revoked(acme: Shop) -> None:
    alice = as_person("alice@acme.test")
    alice.post(TEAM, {"email": "jane@helios.test", "role": "member"})
    with acme.open():
        invitation = Invitation.objects.get()
    assert "is revoked" in said(alice.post(f"{TEAM}invitations/{invitation.id}/revoke"))
    assert "a moment ago" not in said(alice.post(f"{TEAM}invitations/{invitation.id}/again"))
    assert "jane@helios.test" not in alice.get(TEAM).content.decode()


@pytest.mark.parametrize("person", ["bob@acme.test", "charlie@other.test"])
def test_who_may_not_changes_nothing(acme: Shop, person: str) -> None:
    make_account("Other", "charlie@other.test")
    alice, browser = as_person("alice@acme.test"), as_person(person)
    alice.post(TEAM, {"email": "jane@helios.test", "role": "member"})
    with acme.open():
        invitation = Invitation.objects.get()
    acts = [
        (TEAM, {"email": "eve@acme.test", "role": "viewer"}),
        (address(acme, "dora@acme.test", "role"), {"role": "viewer"}),
        (address(acme, "dora@acme.test", "remove"), {}),
        (f"{TEAM}invitations/{invitation.id}/again", {}),
        (f"{TEAM}invitations/{invitation.id}/revoke", {}),
    ]
    expected = 403 if person == "bob@acme.test" else 404
    assert [browser.post(path, form).status_code for path, form in acts] == [expected] * len(acts)
    assert role_of(acme, "dora@acme.test") == "admin"
    with acme.open():
        assert Invitation.objects.get() == invitation
        assert Invitation.objects.get().revoked_at is None
    assert mails_to("eve@acme.test") == []
