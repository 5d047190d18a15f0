"""The team: who is in the account with which role, and who is invited."""

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts import invitations, members
from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, page, refused, saved
from accounts.dashboard.records import record_or_404
from accounts.faults import ConflictError, RefusedChangeError
from accounts.models import Invitation, Member, Role

ROLE_HELP = {
    Role.OWNER: "Everything.",
    Role.ADMIN: "Everything, except making somebody an owner or removing one.",
    Role.MEMBER: "Adds leads, sees everything but encrypted values, and changes how leads are distributed.",
    Role.VIEWER: "Sees everything but encrypted values, and changes nothing.",
}


class InviteForm(DashboardForm):
    email = forms.EmailField(label="Email", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    role = forms.ChoiceField(label="Role")

    def __init__(self, *args: object, roles: list[Role], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [(role.value, role.label) for role in roles]  # type: ignore[attr-defined]
        self.fields["role"].initial = Role.MEMBER if Role.MEMBER in roles else Role.VIEWER


@page("read", to_change="admin")
def team(request: PageRequest) -> Page | HttpResponse:
    """The list, and the form that invites."""
    roles = members.roles_to_give(request.access)
    form = InviteForm(request.POST or None, roles=roles)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = invitations.invite(request.access, **form.cleaned_data)
            return saved(request, f"The invitation to {invitation.email} is on its way.", "team")
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        except ConflictError as conflict:
            form.add_error("email", str(conflict))
    now = timezone.now()
    context = {
        "heading": "Team",
        "form": form,
        "roles": roles,
        "role_help": [(role.label, ROLE_HELP[role]) for role in Role],
        "members": Member.objects.select_related("user").order_by("created_at", "id"),
        "invitations": [(invitation, invitation.state(now)) for invitation in Invitation.objects.open().order_by("-id")],
    }
    return Page("accounts/team.html", context, status=400 if form.errors else 200)


@require_POST
@page("admin")
def change_role(request: PageRequest, member_id: str) -> HttpResponse:
    member = _member(member_id)
    role = request.POST.get("role", "")
    if role not in Role.values:
        return refused(request, f"There is no role {role[:20]!r}.", "team")
    try:
        members.change_role(request.access, member, role=role)
    except (RefusedChangeError, ConflictError) as error:
        return refused(request, str(error), "team")
    return saved(request, f"{member.user} is {Role(role).label.lower()} now.", "team")


@page("admin")
def remove(request: PageRequest, member_id: str) -> Page | HttpResponse:
    """Asks first, and says what is lost."""
    member = _member(member_id)
    is_self = member.user_id == request.user.id
    if request.method != "POST":
        heading = f"Leave {request.account.name}" if is_self else f"Remove {member.user}"
        return Page("accounts/team_remove.html", {"heading": heading, "member": member, "is_self": is_self})
    try:
        members.remove_member(request.access, member)
    except (RefusedChangeError, ConflictError) as error:
        return refused(request, str(error), "team")
    if is_self:
        return HttpResponseRedirect("/")
    return saved(request, f"{member.user} is no longer a member.", "team")


@require_POST
@page("admin")
def send_again(request: PageRequest, invitation_id: str) -> HttpResponse:
    invitation = _invitation(invitation_id)
    try:
        invitations.send_again(request.access, invitation)
    except (RefusedChangeError, ConflictError) as error:
        return refused(request, str(error), "team")
    return saved(request, f"The invitation to {invitation.email} is sent again; the link sent before works no longer.", "team")


@require_POST
@page("admin")
def revoke(request: PageRequest, invitation_id: str) -> HttpResponse:
    invitation = _invitation(invitation_id)
    try:
        invitations.revoke(request.access, invitation)
    except (RefusedChangeError, ConflictError) as error:
        return refused(request, str(error), "team")
    return saved(request, f"The invitation to {invitation.email} is revoked.", "team")


def _member(member_id: str) -> Member:
    # Two changes of one member come one after the other.
    return record_or_404(Member.objects.select_related("user").select_for_update(of=("self",)), member_id)


def _invitation(invitation_id: str) -> Invitation:
    return record_or_404(Invitation.objects.select_for_update(), invitation_id)
