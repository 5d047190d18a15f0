"""Who belongs to an account. An account always keeps an owner, and nobody gives or takes more than they have."""

from accounts import changes
from accounts.access import ROLE_SCOPES, Access
from accounts.faults import ConflictError, Fault, RefusedChangeError
from accounts.models import Member, Role, User


def add_member(access: Access, *, email: str, role: str) -> Member:
    """Raises RefusedChangeError."""
    refuse_beyond_own(access, role)
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        detail = f"email is {email!r}, which is nobody's sign-in; wanted the address of a person who can sign in here."
        raise RefusedChangeError([Fault("email", "does_not_exist", detail)])
    refuse_member(user.email)
    member = Member(account_id=access.account_id, user=user, role=role)
    changes.create(access, member)
    return member


def change_role(access: Access, member: Member, *, role: str) -> None:
    """Raises RefusedChangeError, ConflictError."""
    refuse_beyond_own(access, role)
    refuse_beyond_own(access, member.role)
    if role != Role.OWNER:
        _keep_an_owner(member)
    changes.update(access, member, {"role": role})


def remove_member(access: Access, member: Member) -> None:
    """Raises RefusedChangeError, ConflictError."""
    refuse_beyond_own(access, member.role)
    _keep_an_owner(member)
    changes.delete(access, member)


def refuse_member(email: str) -> None:
    """Raises RefusedChangeError when the address is that of a member already."""
    if Member.objects.filter(user__email=email).exists():
        raise RefusedChangeError([Fault("email", "unique", f"{email} is a member of this account already; change the role instead.")])


def roles_to_give(access: Access) -> list[Role]:
    """The roles that whoever asks may give, change and remove."""
    return [role for role in Role if _may_deal_with(access, role)]


def refuse_beyond_own(access: Access, role: str) -> None:
    """Raises RefusedChangeError when the role may do more than whoever asks."""
    if not ROLE_SCOPES[role] <= access.scopes:
        detail = f"The role {role!r} may do more than you may yourself, so you cannot give, change or remove it."
        raise RefusedChangeError([Fault("role", "not_allowed", detail)])
    if not _may_deal_with(access, role):
        raise RefusedChangeError([Fault("role", "not_allowed", "Only an owner can give, change or remove the role 'owner'.")])


def _may_deal_with(access: Access, role: str) -> bool:
    by = access.actor
    if role == Role.OWNER and by.kind == "user" and by.id and not Member.objects.filter(user_id=by.id, role=Role.OWNER).exists():
        return False
    return ROLE_SCOPES[role] <= access.scopes


def _keep_an_owner(member: Member) -> None:
    # Locked, so that two owners who leave at the same moment cannot both find the other one still there.
    owners = set(Member.objects.select_for_update().filter(role=Role.OWNER).order_by("id").values_list("id", flat=True))
    if owners == {member.id}:
        raise ConflictError("This is the account's last owner. Make somebody else an owner first.")
