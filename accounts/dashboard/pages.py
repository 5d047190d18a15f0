"""What every page of the dashboard is made of.

A view says with `@page` what one must be allowed to do, and returns a Page: its template and what that shows. The rest stands here once: who
is asking, which account the address names, one transaction with that account set, and the answers to whoever may not.

    @page("read")
    def partners(request: PageRequest) -> Page:
        return Page("distribution/partners.html", {"partners": Partner.objects.all()})

The same template serves a whole page and a part of it: with `Page(…, part="rows")` a request by htmx gets `{% partialdef rows %}` alone.
A view that changes something answers with `saved(request, "…", "url-name", …)`: back to a page that shows it, with a word that it worked.
A view that waits for somebody else's server is no part of that transaction, `@page(…, in_transaction=False)`: it opens its own, and short ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Concatenate, Literal, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST
from django_htmx.middleware import HtmxDetails

from accounts.access import SESSION_ACCOUNT, Access, access_of_member, accounts_of
from accounts.isolation import enter_account
from accounts.models import Account, Alert, Member, Role, User

# What a page asks of whoever opens it: a scope, or to be one of those who run the account.
type Need = Literal["read", "write", "admin"]

# Of unseen alerts: beyond it nobody cares how many.
_MOST_COUNTED = 99


class PageRequest(HttpRequest):
    """A request as a view of the dashboard gets it: by a member, in an account."""

    user: User
    htmx: HtmxDetails
    access: Access
    account: Account
    role: Role

    @property
    def may_write(self) -> bool:
        return "write" in self.access.scopes

    @property
    def may_administer(self) -> bool:
        return self.access.may_administer

    @property
    def may_reveal(self) -> bool:
        return "read:encrypted" in self.access.scopes


@dataclass(frozen=True, slots=True)
class Page:
    """part: the partial of the template that htmx gets instead of the whole."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    part: str = ""
    status: int = 200


type PageView[**Ids] = Callable[Concatenate[PageRequest, Ids], Page | HttpResponse]


def page[**Ids](
    need: Need, *, to_change: Need | None = None, in_transaction: bool = True
) -> Callable[[PageView[Ids]], Callable[..., HttpResponse]]:
    """A view of `/a/<slug>/…`. need: to open it; to_change: to send anything but GET (`write` unless told, or as `need`).

    in_transaction: False for a view that waits for another server; what it asks the database stands in an `account_scope` of its own.
    """
    to_send = to_change or ("admin" if need == "admin" else "write")

    def decorate(view: PageView[Ids]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, slug: str, *ids: Ids.args, **named: Ids.kwargs) -> HttpResponse:
            if not isinstance(request.user, User):
                return redirect_to_login(request.get_full_path())
            try:
                with transaction.atomic():
                    asking = _enter(request, slug)
                    wanted = need if request.method in ("GET", "HEAD") else to_send
                    if not _may(asking, wanted):
                        return _render(asking, Page("forbidden.html", {"heading": "Not allowed", "need": wanted}, status=403))
                    if in_transaction:
                        return _answer(asking, view(asking, *ids, **named))
                result = view(asking, *ids, **named)
                with transaction.atomic():
                    enter_account(asking.account.id)
                    return _answer(asking, result)
            finally:
                timezone.deactivate()

        return answer

    return decorate


def _answer(request: PageRequest, result: Page | HttpResponse) -> HttpResponse:
    """What is refused leaves nothing behind in the open transaction."""
    response = _render(request, result) if isinstance(result, Page) else result
    if response.status_code >= 400:
        transaction.set_rollback(True)
    return response


def act[**Ids](need: Need = "write") -> Callable[[PageView[Ids]], Callable[..., HttpResponse]]:
    """A view that only does something: it takes POST and nothing else, so that no link can set it off."""

    def decorate(view: PageView[Ids]) -> Callable[..., HttpResponse]:
        return require_POST(page(need, to_change=need)(view))

    return decorate


def _enter(request: HttpRequest, slug: str) -> PageRequest:
    """Set the account for the open transaction. An account that is not the user's is as one that never was."""
    user = cast(User, request.user)
    account_id: UUID | None = next((own.id for own in accounts_of(user) if own.slug == slug), None)
    enter_account(account_id)
    access = access_of_member(user) if account_id else None
    if access is None:
        raise Http404
    if request.session.get(SESSION_ACCOUNT) != str(account_id):
        request.session[SESSION_ACCOUNT] = str(account_id)
    asking = cast(PageRequest, request)
    asking.__class__ = type("PageRequest", (PageRequest, type(request)), {})
    asking.access = replace(access, request_id=getattr(request, "request_id", ""))
    asking.account = Account.objects.get()
    asking.role = Role(Member.objects.get(user=user).role)
    timezone.activate(ZoneInfo(asking.account.time_zone))
    return asking


def _may(request: PageRequest, need: Need) -> bool:
    return request.may_administer if need == "admin" else need in request.access.scopes


def _render(request: PageRequest, page: Page) -> HttpResponse:
    wants_part = bool(page.part and request.htmx and not request.htmx.boosted and not request.htmx.history_restore_request)
    template = f"{page.template}#{page.part}" if wants_part else page.template
    shell = {} if wants_part else _shell(request)
    response = HttpResponse(render_to_string(template, {**shell, **page.context}, request), status=page.status)
    response["Vary"] = "HX-Request, Cookie"
    response["Cache-Control"] = "no-store"
    return response


def _shell(request: PageRequest) -> dict[str, Any]:
    """What the frame around a page shows."""
    unseen = Alert.objects.open().filter(read_at=None)[:_MOST_COUNTED].count()
    return {"accounts": accounts_of(request.user), "open_alerts": unseen}


def page_url(request: PageRequest, name: str, *ids: object) -> str:
    """The address of another page of the same account."""
    return reverse(name, args=[request.account.slug, *ids])


def saved(request: PageRequest, message: str, name: str, *ids: object, query: str = "") -> HttpResponse:
    """Say that it worked, on the page it leads to."""
    messages.success(request, message)
    return go_to(request, page_url(request, name, *ids) + (f"?{query}" if query else ""))


def refused(request: PageRequest, message: str, name: str, *ids: object) -> HttpResponse:
    """Say why it was not done, on the page it leads to."""
    messages.error(request, message)
    return go_to(request, page_url(request, name, *ids))


def go_to(request: PageRequest, address: str) -> HttpResponse:
    """A redirect for a browser; htmx is told to go there as a whole page."""
    if request.htmx:
        response = HttpResponse(status=204)
        response["HX-Redirect"] = address
        return response
    return HttpResponseRedirect(address)
