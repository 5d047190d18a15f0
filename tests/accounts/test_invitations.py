"""Invitations: written, followed, sent again, revoked; by the domain, the pages and the API."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.access import Actor, access_of_member
from accounts.faults import ConflictError, RefusedChangeError
from accounts.invitations import InvitationGoneError, accept, find_offer, invite, revoke, send_again
from accounts.models import AuditEvent, Invitation, Member, OutgoingMail, User
from tests.accounts.mailbox import link_in, mails_to, subjects_to
from tests.builders import Shop, make_account, make_member

pytestmark = pytest.mark.django_db(databases=["default", "owner"])

JANE = "jane@helios.test"
PASSWORD = "correct-horse-1"


@pytest.fixture(autouse=True)
def _no_tries_yet() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def acme() -> Shop:
    return make_account()


def invited(shop: Shop, email: str = JANE, role: str = "member") -> str:
    """Returns the path of the link in the mail."""
    with shop.open():
        alice = access_of_member(User.objects.get(email="alice@acme.test"))
        assert alice
        invite(alice, email=email, role=role)
    return link_in(mails_to(email.lower())[-1])


def key_of(link: str) -> str:
    return link.split("/")[2]


def roles(shop: Shop) -> dict[str, str]:
    with shop.open():
        return dict(Member.objects.values_list("user__email", "role"))


def signed_in(email: str) -> Any:
    browser = Client()
    browser.force_login(User.objects.get(email=email))
    return browser


def test_the_mail_says_who_invites_to_what_and_the_key_is_kept_as_a_hash_alone(acme: Shop) -> None:
    link = invited(acme, "Jane@Helios.test")
    [mail] = mails_to(JANE)
    assert mail.subject == "Join Acme on Leadflip"
    assert mail.text.startswith('alice@acme.test invites you to the account "Acme" at Leadflip, as member.')
    with acme.open():
        assert key_of(link).encode() not in bytes(Invitation.objects.get().key_hash)
        event = AuditEvent.objects.get(object_type="invitation")
    assert (event.action, event.actor_label, event.object_label) == ("created", "alice@acme.test", "jane@helios.test (member)")
    assert key_of(link) not in str(event.changes)


def test_who_has_no_sign_in_signs_up_with_the_address_proved_and_is_in(acme: Shop) -> None:
    link, browser = invited(acme), Client()
    page = browser.get(link).content.decode()
    assert "Join Acme" in page
    sign_up = f"/sign-up?invitation={key_of(link)}"
    assert sign_up in page
    answer: Any = browser.post(sign_up, {"name": "Jane Roe", "email": "somebody@else.test", "password1": PASSWORD})
    assert answer["Location"] == "/"
    assert browser.get("/").headers["Location"] == "/a/acme/"
    assert roles(acme) == {"alice@acme.test": "owner", JANE: "member"}
    assert not User.objects.filter(email="somebody@else.test").exists()
    assert subjects_to(JANE) == ["Join Acme on Leadflip"], "no other mail has to be waited for"


def test_who_has_a_sign_in_joins_after_signing_in(acme: Shop) -> None:
    make_account("Other", JANE)
    link, browser = invited(acme), Client()
    assert f"/sign-in?next={link}" in browser.get(link).content.decode()
    answer: Any = browser.post("/sign-in", {"login": JANE, "password": PASSWORD, "next": link})
    assert answer["Location"] == link
    assert roles(acme) == {"alice@acme.test": "owner"}, "looking at it joins nobody"
    answer = browser.post(link)
    assert answer["Location"] == "/"
    assert browser.get("/").headers["Location"] == "/a/acme/"
    assert roles(acme)[JANE] == "member"
    with acme.open():
        assert [event.action for event in AuditEvent.objects.filter(actor_label=JANE).order_by("id")] == ["accepted", "created"]


def test_somebody_elses_invitation_is_not_accepted(acme: Shop) -> None:
    make_account("Other", "charlie@other.test")
    link, browser = invited(acme), signed_in("charlie@other.test")
    assert "Sign out to join as jane@helios.test" in browser.get(link).content.decode()
    browser.post(link)
    with pytest.raises(InvitationGoneError):
        accept(key_of(link), User.objects.get(email="charlie@other.test"))
    assert roles(acme) == {"alice@acme.test": "owner"}


def test_a_link_works_once(acme: Shop) -> None:
    make_account("Other", JANE)
    link, browser = invited(acme), signed_in(JANE)
    browser.post(link)
    with acme.open():
        Member.objects.filter(user__email=JANE).delete()
    again = browser.post(link)
    assert again.status_code == 410
    assert "This invitation does not work" in again.content.decode()
    assert JANE not in roles(acme)


def test_a_link_is_good_for_seven_days(acme: Shop) -> None:
    link = invited(acme)
    with acme.open():
        assert Invitation.objects.get().expires_at - Invitation.objects.get().created_at == timedelta(days=7)
        Invitation.objects.update(expires_at=timezone.now() - timedelta(hours=1))
    assert Client().get(link).status_code == 410
    assert Client().get(f"/sign-up?invitation={key_of(link)}").status_code == 410


def test_a_member_keeps_the_role_they_have(acme: Shop) -> None:
    link = invited(acme, role="viewer")
    jane = make_member(acme, JANE, "admin")
    accept(key_of(link), jane)
    assert roles(acme)[JANE] == "admin"


def test_a_revoked_link_is_dead(acme: Shop) -> None:
    link = invited(acme)
    with acme.open() as access:
        revoke(access, Invitation.objects.get())
    with pytest.raises(InvitationGoneError):
        find_offer(key_of(link))


def test_sent_again_there_is_a_new_link_and_the_old_one_is_dead(acme: Shop) -> None:
    old = invited(acme)
    with acme.open() as access, time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        invitation = Invitation.objects.get()
        assert invitation.state(timezone.now()) == "expired"
        send_again(access, invitation)
        assert invitation.state(timezone.now()) == "open"
    new = link_in(mails_to(JANE)[-1])
    with pytest.raises(InvitationGoneError):
        find_offer(key_of(old))
    assert find_offer(key_of(new)).email == JANE


def test_it_is_not_sent_again_within_a_minute(acme: Shop) -> None:
    invited(acme)
    with acme.open() as access, pytest.raises(ConflictError, match="a moment ago"):
        send_again(access, Invitation.objects.get())
    assert len(mails_to(JANE)) == 1


@pytest.mark.parametrize("email", ["alice@acme.test", "Alice@ACME.test"])
def test_a_member_is_not_invited(acme: Shop, email: str) -> None:
    with acme.open() as access, pytest.raises(RefusedChangeError, match="is a member of this account already"):
        invite(access, email=email, role="viewer")


def test_nobody_is_invited_twice_at_once(acme: Shop) -> None:
    invited(acme)
    with acme.open() as access, pytest.raises(ConflictError, match="is invited already"):
        invite(access, email=JANE, role="viewer")


def test_an_account_floods_no_inboxes(acme: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "MOST_PER_DAY", 2)
    with acme.open() as access:
        for number in range(2):
            invite(access, email=f"jane{number}@helios.test", role="viewer")
            revoke(access, Invitation.objects.latest("id"))
        with pytest.raises(ConflictError, match="within a day"):
            invite(access, email=JANE, role="viewer")


@pytest.mark.parametrize(
    ("by", "role", "is_allowed"),
    [("admin", "owner", False), ("admin", "admin", True), ("member", "admin", False), ("viewer", "member", False)],
)
def test_nobody_gives_more_than_they_have(acme: Shop, by: str, role: str, is_allowed: bool) -> None:
    bob = make_member(acme, "bob@acme.test", by)
    with acme.open():
        access = access_of_member(bob)
        assert access
        assert access.actor == Actor("user", bob.id, "bob@acme.test")
        if is_allowed:
            assert invite(access, email=JANE, role=role).role == role
        else:
            with pytest.raises(RefusedChangeError):
                invite(access, email=JANE, role=role)
    assert OutgoingMail.objects.exists() is is_allowed


def test_the_api_invites_lists_and_revokes(acme: Shop) -> None:
    made = acme.call("POST", "invitations", {"email": "Jane@Helios.test", "role": "viewer"})
    assert made.status_code == 201
    invitation = made.json()
    assert (invitation["email"], invitation["role"], invitation["state"], invitation["accepted_at"]) == (JANE, "viewer", "open", None)
    assert subjects_to(JANE) == ["Join Acme on Leadflip"]
    assert acme.get("invitations")["results"] == [invitation]
    assert acme.call("POST", "invitations", {"email": JANE, "role": "viewer"}).status_code == 409
    assert acme.call("DELETE", f"invitations/{invitation['id']}").status_code == 204
    assert acme.get(f"invitations/{invitation['id']}")["state"] == "revoked"


def test_no_answer_of_the_api_holds_the_key(acme: Shop) -> None:
    made = acme.call("POST", "invitations", {"email": JANE, "role": "viewer"})
    assert key_of(link_in(mails_to(JANE)[0])) not in made.content.decode()
    assert "key" not in made.json()
