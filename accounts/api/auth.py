"""The ways in: an API key, or the dashboard's session."""

from dataclasses import replace
from typing import Any

from django.db import transaction
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.access import SESSION_ACCOUNT, Access, access_of_member, accounts_of, choose_account, enter_by_api_key
from accounts.isolation import enter_account


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer lf_…`; the bare key works too. Sets the key's account for the request's transaction."""

    def authenticate(self, request: Request) -> tuple[Any, Access] | None:
        header = request.headers.get("Authorization", "").strip()
        if not header:
            return None
        scheme, _, rest = header.partition(" ")
        key = rest.strip() if scheme.lower() == "bearer" else header
        if not key.isascii() or len(key) > 200:
            raise AuthenticationFailed("This is not an API key.")
        # Inside a view's transaction this opens nothing; a savepoint would cost two round trips.
        with transaction.atomic(savepoint=False):
            access = enter_by_api_key(key, address=request.META.get("REMOTE_ADDR") or None)
        if access is None:
            raise AuthenticationFailed("This API key is not known, has expired or was revoked.")
        return access.actor, replace(access, request_id=request_id_of(request))

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Leadflip"'


class MemberSessionAuthentication(SessionAuthentication):
    """The dashboard's session, with CSRF, in the account that the session has chosen."""

    def authenticate(self, request: Request) -> tuple[Any, Access] | None:
        signed_in = super().authenticate(request)
        if signed_in is None:
            return None
        user = signed_in[0]
        chosen = choose_account(request.session.get(SESSION_ACCOUNT), accounts_of(user))
        if chosen is None:
            raise AuthenticationFailed("You are not a member of any account.")
        with transaction.atomic(savepoint=False):
            enter_account(chosen)
            access = access_of_member(user)
        return None if access is None else (user, replace(access, request_id=request_id_of(request)))


def request_id_of(request: Request) -> str:
    return str(getattr(request._request, "request_id", ""))  # noqa: SLF001 - DRF offers no other way to Django's request


class HasScope(BasePermission):
    """A view names the scope it needs as `scope`; else reading needs `read` and anything more needs `write`.

    administrative: what of it only owners and admins may, as in the dashboard: its `changes`, or `all`.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Access):
            return False
        scope = getattr(view, "scope", None) or ("read" if request.method in SAFE_METHODS else "write")
        administrative = getattr(view, "administrative", None)
        if administrative and not request.auth.may_administer and (administrative == "all" or request.method not in SAFE_METHODS):
            self.message = "Only an owner or an admin of the account may do this."
            return False
        self.message = f"This needs the scope {scope!r}, which your key or role does not have."
        return scope in request.auth.scopes
