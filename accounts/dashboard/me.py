"""A person's own page: what belongs to them in whichever account they are."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import accounts_of
from accounts.dashboard.entrance_forms import NameForm
from accounts.models import User


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def me(request: HttpRequest) -> HttpResponse:
    """Name, address, password, second factor, accounts."""
    user = request.user
    assert isinstance(user, User)  # login_required
    form = NameForm(request.POST or None, initial={"name": user.name})
    if request.method == "POST" and form.is_valid():
        User.objects.filter(id=user.id).update(name=form.cleaned_data["name"])
        messages.success(request, "Your name is saved.")
        return HttpResponseRedirect(reverse("me"))
    context = {
        "form": form,
        "new_email": EmailAddress.objects.get_new(user),
        "has_second_factor": Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP).exists(),
        "accounts": accounts_of(user),
    }
    return render(request, "account/me.html", context)


@login_required
@require_POST
def sign_out_elsewhere(request: HttpRequest) -> HttpResponse:
    """All sessions of the person but the one that asks."""
    user = request.user
    assert isinstance(user, User)  # login_required
    user.signed_out_at = timezone.now()
    user.save(update_fields=["signed_out_at"])
    update_session_auth_hash(request, user)
    messages.success(request, "You are signed out on every other device.")
    return HttpResponseRedirect(reverse("me"))
