"""What the OpenAPI document says of every operation."""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from accounts.api.body import Answer


class OneError(Answer):
    code = serializers.CharField(help_text="One stable word.")
    detail = serializers.CharField(help_text="For people: the field, its fault and what is wanted.")
    attr = serializers.CharField(allow_null=True, help_text="Path of the faulty part, such as `rules.all.0.operator`.")


class ErrorAnswer(Answer):
    """Every error has this shape."""

    type = serializers.ChoiceField(["validation_error", "client_error", "server_error"])
    errors_ = OneError(many=True)


class ErrorsToo(AutoSchema):
    """Adds to every operation the errors it may answer with."""

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        codes = ["400", "401", "403"]
        if "{" in self.path:
            codes.append("404")
        if self.method != "GET":
            codes += ["409", "413", "415"]
        error = self._get_response_for_code(ErrorAnswer, "400")  # type: ignore[no-untyped-call]
        return dict.fromkeys(codes, error) | bodies


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
