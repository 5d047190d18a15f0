"""The admin shows one account at a time: the one its user chose with `?account=<slug>`, else their first."""

from collections.abc import Callable
from dataclasses import replace

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from accounts.access import SESSION_ACCOUNT, access_of_member, accounts_of, choose_account
from accounts.isolation import enter_account
from accounts.models import User

# unfold's scripts are Alpine, which evaluates expressions and sets styles.
_ADMIN_CSP = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
)


class AdminScopeMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/admin/"):
            return self.get_response(request)
        with transaction.atomic():
            if isinstance(request.user, User):
                self._enter(request, request.user)
            response = self.get_response(request)
            if hasattr(response, "render") and callable(response.render):
                # A template reads the database when it is rendered, which must not outlive the account.
                response.render()
            if response.status_code >= 500:
                transaction.set_rollback(True)
        response["Content-Security-Policy"] = _ADMIN_CSP
        return response

    @staticmethod
    def _enter(request: HttpRequest, user: User) -> None:
        accounts = accounts_of(user)
        wanted = request.GET.get("account")
        for own in accounts:
            if own.slug == wanted:
                request.session[SESSION_ACCOUNT] = str(own.id)
        chosen = choose_account(request.session.get(SESSION_ACCOUNT), accounts)
        enter_account(chosen)
        access = access_of_member(user) if chosen else None
        request.access = access and replace(access, request_id=getattr(request, "request_id", ""))  # type: ignore[attr-defined]
