"""The pages before any account is open: signing up, invitations, another account."""

from typing import Any

from allauth.account.views import SignupView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import invitations
from accounts.access import SESSION_ACCOUNT
from accounts.dashboard.entrance_forms import NewAccountForm
from accounts.invitations import InvitationGoneError, Offer
from accounts.models import User
from accounts.signup import open_account


class SignUpView(SignupView):  # type: ignore[misc]  # allauth has no types
    """`?invitation=<key>`: to join the account that the invitation is for, instead of opening one."""

    offer: Offer | None = None
    invitation_key = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if key := request.GET.get("invitation", ""):
            try:
                self.offer, self.invitation_key = invitations.find_offer(key), key
            except InvitationGoneError:
                return _gone(request)
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "offer": self.offer, "invitation_key": self.invitation_key}

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            response: HttpResponse = super().form_valid(form)
        except InvitationGoneError:
            return _gone(self.request)
        return response


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """What the link of an invitation leads to: joining, by whoever is signed in with its address."""
    try:
        offer = invitations.find_offer(key)
        if request.method == "POST" and isinstance(request.user, User) and request.user.email == offer.email:
            invitations.accept(key, request.user)
            messages.success(request, f"You are a member of {offer.account_name} now.")
            return _to_account(request, offer.account_id)
    except InvitationGoneError:
        return _gone(request)
    context = {"offer": offer, "key": key, "has_sign_in": User.objects.filter(email=offer.email).exists()}
    return render(request, "account/invitation.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_account(request: HttpRequest) -> HttpResponse:
    """Another account, owned by whoever asks; also where one lands who is a member of none."""
    assert isinstance(request.user, User)  # login_required
    form = NewAccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        account = open_account(form.cleaned_data["company"], owner=request.user)
        return _to_account(request, account.id)
    return render(request, "account/new_account.html", {"form": form})


def _gone(request: HttpRequest) -> HttpResponse:
    return render(request, "account/invitation_gone.html", status=410)


def _to_account(request: HttpRequest, account_id: object) -> HttpResponse:
    request.session[SESSION_ACCOUNT] = str(account_id)
    return HttpResponseRedirect(reverse("start"))
