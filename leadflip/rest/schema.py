"""What the OpenAPI document says of every operation."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from accounts.api.body import Answer, Body
from accounts.api.views import LimitedView


class OneError(Answer):
    code = serializers.CharField(help_text="One stable word.")
    detail = serializers.CharField(help_text="For people: the field, its fault and what is wanted.")
    attr = serializers.CharField(allow_null=True, help_text="Path of the faulty part, such as `rules.all.0.operator`.")


class ErrorAnswer(Answer):
    """Every error has this shape."""

    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors_ = OneError(many=True)


_ERRORS = {
    "400": "Something in the request is faulty; `errors` names all of it, each at its path.",
    "401": "No key, or one that is not known, has expired or was revoked.",
    "403": "The key lacks the scope.",
    "404": "There is no such thing in your account.",
    "409": "Not in the present state of things; `detail` says why.",
    "413": "The body is larger than {most} MiB.",
    "415": "The body is not {types}.",
    "429": "The account has asked too often within this minute; `Retry-After` says how many seconds are left of it.",
}
_OF_CHANGES = frozenset({"409", "413", "415"})


class ErrorsToo(AutoSchema):
    """Adds to every operation the errors it may answer with."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        left_out = set() if self.method != "GET" else _OF_CHANGES
        if "{" not in self.path:
            left_out = left_out | {"404"}
        error = self._get_response_for_code(ErrorAnswer, "400")  # type: ignore[no-untyped-call]
        limits = {"most": self._most_mib(), "types": " or ".join(self.map_parsers())}
        errors = {
            code: {**error, "description": why.format_map(limits)} for code, why in _ERRORS.items() if code not in left_out | bodies.keys()
        }
        return bodies | errors

    def _get_serializer_field_meta(self, field: Any, direction: Literal["request", "response"]) -> dict[str, Any]:
        meta: dict[str, Any] = super()._get_serializer_field_meta(field, direction)  # type: ignore[no-untyped-call]
        if direction == "response" and not isinstance(field.parent, Body):
            # That a text may not be empty is said of what is taken; an answer has empty texts where there is nothing to tell.
            meta.pop("minLength", None)
        return meta

    def _map_basic_serializer(self, serializer: Any, direction: Literal["request", "response"]) -> dict[str, Any]:
        schema: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        rare: frozenset[str] = getattr(serializer, "not_always", frozenset())
        if rare and "required" in schema:  # not in that of a PATCH
            schema["required"] = [name for name in schema["required"] if name not in rare]
        return schema

    def _most_mib(self) -> int:
        assert isinstance(self.view, LimitedView)
        return self.view.max_body_bytes >> 20


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.auth.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, `Authorization: Bearer lf_…`. The bare key without `Bearer` works too.",
        }


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "accounts.api.auth.MemberSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid", "description": "The dashboard's session, with its CSRF token."}
