"""Where one lands, and how it looks."""

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from accounts.access import SESSION_ACCOUNT, accounts_of, choose_account
from accounts.models import User

_A_YEAR = 365 * 24 * 3600


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """`/`: the account that was open last."""
    if not isinstance(request.user, User):
        return HttpResponseRedirect(reverse("account_login"))
    with transaction.atomic():
        accounts = accounts_of(request.user)
    chosen = choose_account(request.session.get(SESSION_ACCOUNT), accounts)
    slug = next((own.slug for own in accounts if own.id == chosen), None)
    return HttpResponseRedirect(reverse("overview", args=[slug]) if slug else reverse("new_account"))


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Light to dark and back, for browsers without JavaScript; with it, leadflip.js sets the same cookie."""
    wanted = "light" if request.COOKIES.get("theme") == "dark" else "dark"
    back = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
    response = HttpResponseRedirect(back if is_ours else "/")
    response.set_cookie("theme", wanted, max_age=_A_YEAR, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE)
    return response
