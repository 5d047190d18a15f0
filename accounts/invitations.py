"""Invitations to an account: written, sent again, revoked, accepted.

Whoever holds the link has read the mail, so that accepting it proves the address too.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.template.loader import render_to_string
from django.utils import timezone

from accounts import audit, changes
from accounts.access import Access, Actor, access_of_account
from accounts.faults import ConflictError
from accounts.isolation import account_scope
from accounts.members import refuse_beyond_own, refuse_member
from accounts.models import Account, Invitation, Member, Role, User, hash_key
from accounts.outbox import post

VALID_FOR = timedelta(days=7)
# Nobody's inbox is flooded by an account of ours.
MOST_PER_DAY = 100
RESEND_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """An invitation as its reader sees it. invited_by: a name or an address; empty when that person is gone."""

    id: UUID
    account_id: UUID
    account_name: str
    email: str
    role: Role
    invited_by: str


class InvitationGoneError(Exception):
    """It was accepted, revoked or has expired, or never was."""


def invite(access: Access, *, email: str, role: str) -> Invitation:
    """Write the invitation and its mail. Raises RefusedChangeError, ConflictError."""
    refuse_beyond_own(access, role)
    email = email.strip().lower()
    refuse_member(email)
    if Invitation.objects.open().filter(email=email).exists():
        raise ConflictError(f"{email} is invited already. Send that invitation again, or revoke it first.")
    now = timezone.now()
    if Invitation.objects.filter(created_at__gt=now - timedelta(days=1)).count() >= MOST_PER_DAY:
        raise ConflictError(f"This account has invited {MOST_PER_DAY} people within a day. Invite the next ones tomorrow.")
    key = _new_key()
    by = access.actor.id if access.actor.kind == "user" else None
    invitation = Invitation(
        account_id=access.account_id, email=email, role=role, key_hash=hash_key(key), invited_by_id=by,
        created_at=now, sent_at=now, expires_at=now + VALID_FOR,
    )  # fmt: skip
    changes.create(access, invitation)
    _post(invitation, key)
    return invitation


def send_again(access: Access, invitation: Invitation) -> None:
    """A new link for another seven days; the one sent before is dead. Raises RefusedChangeError, ConflictError."""
    refuse_beyond_own(access, invitation.role)
    now, key = timezone.now(), _new_key()
    if invitation.state(now) not in ("open", "expired"):
        raise ConflictError(f"This invitation is {invitation.state(now)}, so it cannot be sent again.")
    if invitation.sent_at > now - RESEND_AFTER:
        raise ConflictError("This invitation was sent a moment ago. Give the mail a minute to arrive.")
    values = {"key_hash": hash_key(key), "sent_at": now, "expires_at": now + VALID_FOR}
    changes.update(access, invitation, values, action="sent again")
    _post(invitation, key)


def revoke(access: Access, invitation: Invitation) -> None:
    """Its link opens nothing from now on. Raises RefusedChangeError, ConflictError."""
    refuse_beyond_own(access, invitation.role)
    if invitation.accepted_at:
        raise ConflictError(f"{invitation.email} has accepted this invitation. Remove the member instead.")
    if invitation.revoked_at is None:
        changes.update(access, invitation, {"revoked_at": timezone.now()}, action="revoked")


def find_offer(key: str) -> Offer:
    """What the link with this key offers. Raises InvitationGoneError."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, account_id, account_name, email, role, invited_by FROM leadflip_invitation(%s)", [hash_key(key)])
        row = cursor.fetchone()
    if row is None:
        raise InvitationGoneError
    invitation_id, account_id, account_name, email, role, invited_by = row
    return Offer(invitation_id, account_id, account_name, email, Role(role), invited_by)


def accept(key: str, user: User) -> Offer:
    """Make the user a member. A member already keeps the role they have. Raises InvitationGoneError, also for anybody else's invitation."""
    offer = find_offer(key)
    if offer.email != user.email:
        raise InvitationGoneError
    with account_scope(offer.account_id):
        now = timezone.now()
        # Of two who accept at the same moment one finds it done.
        if not Invitation.objects.open().filter(id=offer.id, key_hash=hash_key(key), expires_at__gt=now).update(accepted_at=now):
            raise InvitationGoneError
        access = access_of_account(Account.objects.get(), actor=Actor("user", user.id, user.email))
        audit.note(access, "accepted", Invitation.objects.get(id=offer.id), changes={"accepted_at": [None, now]})
        if not Member.objects.filter(user=user).exists():
            changes.create(access, Member(account_id=offer.account_id, user=user, role=offer.role))
    return offer


def _new_key() -> str:
    return secrets.token_urlsafe(32)


def _post(invitation: Invitation, key: str) -> None:
    by = invitation.invited_by
    context = {
        "account": Account.objects.get().name,
        "by": f"{by.name} ({by.email})" if by and by.name else by.email if by else "",
        "role": invitation.role,
        "address": f"{settings.PUBLIC_URL}/invitations/{key}/",
        "days": VALID_FOR.days,
    }
    post(
        to=invitation.email,
        subject=f"Join {context['account']} on Leadflip",
        text=render_to_string("account/email/invitation.txt", context),
    )
