"""POST /api/rules/check, and what uses the fields of an Entity."""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer, Body
from accounts.api.views import AccountView, access_of
from distribution.api.parts import Anything, Rules
from distribution.entities import find_entity
from distribution.entity_table import specs_of
from distribution.field_uses import find_uses
from distribution.rule_check import MAX_COUNTED, CheckRequest, check_rule

_RULES = {"all": [{"field": "zip", "operator": "starts_with", "value": "9"}]}
_CHECK = {"entity": "solar_leads", "rules": _RULES, "lead": {"First Name": "Jane", "zip": "10115"}, "count_last": 1_000}
_WORDS = "ZIP starts with 9 wanted, was 10115"
_CONDITION = {
    "path": "rules.all.0",
    "field": "zip",
    "label": "ZIP",
    "operator": "starts_with",
    "wanted": "9",
    "actual": "10115",
    "result": False,
    "words": _WORDS,
    "is_hidden": False,
}
_CHECKED = {
    "is_match": False,
    "reason": f"{_WORDS}.",
    "conditions": {"group": "all", "result": False, "items": [_CONDITION]},
    "faults": [],
    "warnings": [],
    "matched": 312,
    "of": 1_000,
}
_USES = {
    "fields": [
        {
            "key": "zip",
            "label": "ZIP",
            "uses": [{"kind": "profile", "id": "01990000-0000-7000-8000-000000000000", "words": "the rules of …"}],
        }
    ]
}


class FaultAnswer(Answer):
    attr = serializers.CharField(help_text="Path of the faulty value, such as `lead.email`.")
    code = serializers.CharField()
    detail = serializers.CharField()


@extend_schema_serializer(examples=[OpenApiExample("A rule on a lead that nobody sent", value=_CHECK, request_only=True)])
class RuleCheckBody(Body):
    entity = serializers.CharField(max_length=63, help_text="Slug or id.")
    rules = Rules(default=dict, allow_null=True)
    lead = Anything(default=None, allow_null=True, help_text="Values as `POST /api/intake` takes them, also `status` and `source`.")
    lead_id = serializers.UUIDField(default=None, allow_null=True, help_text="One of your leads instead, as of the moment it came.")
    count_last = serializers.IntegerField(
        default=None,
        allow_null=True,
        min_value=1,
        max_value=MAX_COUNTED,
        help_text="Of how many of the Entity's last leads to count the matching.",
    )


@extend_schema_serializer(examples=[OpenApiExample("ZIP is another", value=_CHECKED, response_only=True)])
class RuleCheckAnswer(Answer):
    """Without `lead` and `lead_id` the count alone."""

    is_match = serializers.BooleanField(
        required=False, allow_null=True, help_text="null where it hangs on encrypted fields of a stored lead and you lack `read:encrypted`."
    )
    reason = serializers.CharField(required=False, help_text="The first condition that failed, in words.")
    conditions = serializers.DictField(
        required=False,
        help_text='The rule with its results. A group: `{"group", "result", "items"}`. A condition: `{"path", "field", "label", "operator", "wanted", '
        '"actual", "result", "words", "is_hidden"}`; every one is evaluated. Of an encrypted field `wanted` and `actual` are null; and on a '
        "stored lead, without the scope `read:encrypted`, `result` too, with that of every group that hangs on it.",
    )
    faults = FaultAnswer(many=True, required=False, help_text="Values of `lead` that intake would refuse. Here they count as missing.")
    warnings = serializers.ListField(child=serializers.CharField(), required=False, help_text="Keys of `lead` that name no field.")
    matched = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="null, as `of` is, where the rule asks for encrypted fields and you lack `read:encrypted`.",
    )
    of = serializers.IntegerField(
        required=False,
        allow_null=True,
        help_text="How many leads were looked at: fewer than asked for where there are no more, or after 5 s.",
    )


class RuleCheck(AccountView):
    scope = "read"

    @extend_schema(
        summary="Check a rule",
        description="Tries a rule on a lead and says of every condition whether it holds; counts how many of the last leads match. "
        "Nothing is stored. A rule that could not be saved is refused as it would be then. What a condition on an encrypted field says of stored leads "
        "needs the scope `read:encrypted`.",
        request=RuleCheckBody,
        responses={200: RuleCheckAnswer},
    )
    def post(self, request: Request) -> Response:
        body = RuleCheckBody(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(check_rule(access_of(request), CheckRequest(**body.validated_data)))


class UseAnswer(Answer):
    kind = serializers.ChoiceField(["profile", "assignment", "entity", "channel"])
    id = serializers.UUIDField(help_text="Of that profile, assignment, Entity or channel.")
    words = serializers.CharField(help_text="Such as `the rules of the profile Solar West`.")


class FieldUsesAnswer(Answer):
    key = serializers.CharField()
    label_ = serializers.CharField()
    uses = UseAnswer(many=True)


@extend_schema_serializer(examples=[OpenApiExample("ZIP decides", value=_USES, response_only=True)])
class EntityUsesAnswer(Answer):
    fields_ = FieldUsesAnswer(many=True)


class EntityUses(AccountView):
    @extend_schema(
        summary="What uses the fields",
        description="For every field, in their order, the rules, channels and settings that name it.",
        responses={200: EntityUsesAnswer},
    )
    def get(self, _request: Request, id: str) -> Response:  # noqa: A002 - as the address names it
        entity = find_entity(id)
        if entity is None:
            raise NotFound
        uses = find_uses(entity)
        return Response(
            {
                "fields": [
                    {"key": spec.key, "label": spec.label, "uses": [use.as_json() for use in uses.get(spec.key, [])]}
                    for spec in specs_of(entity)
                ]
            }
        )
