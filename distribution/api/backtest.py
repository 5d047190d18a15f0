"""POST /api/profiles/{id}/backtest"""

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.body import Answer, Body
from accounts.api.views import AccountView, access_of, find
from distribution.api.parts import Rules
from distribution.api.profiles import AssignmentBody
from distribution.backtest import MAX_DAYS, BacktestRequest, run_backtest
from distribution.models import Profile, Strategy

_ID = "01990000-0000-7000-8000-000000000000"
_DRAFT = {
    "days": 30,
    "rules": {"all": [{"field": "zip", "operator": "matches", "value": "^9[0-6]"}]},
    "assignments": [{"id": _ID, "caps": {"day": 50}}],
}
_RESULT = {
    "leads": 4_180,
    "is_cut": False,
    "matched": {"before": 1_312, "after": 1_204},
    "newly_unmatched": {"count": 108, "leads": [_ID]},
    "newly_matched": {"count": 0, "leads": []},
    "partners": [
        {
            "assignment": _ID,
            "partner": _ID,
            "partner_name": "Helios Direct",
            "before": 1_312,
            "after": 1_090,
            "capped_before": 0,
            "capped_after": 114,
        }
    ],
    "caps_hit": [
        {
            "assignment": _ID,
            "partner_name": "Helios Direct",
            "subject": "assignment",
            "measure": "leads",
            "period": "day",
            "limit": 50,
            "starts_at": "2026-11-23T08:00:00Z",
            "turned_away": 12,
        }
    ],
}


class AssignmentDraft(AssignmentBody):
    """An assignment of this profile, and what the draft changes of it."""

    id = serializers.UUIDField()
    partner = serializers.UUIDField(source="partner.id", read_only=True)
    overflow_to = serializers.UUIDField(source="overflow_to_id", read_only=True)


@extend_schema_serializer(examples=[OpenApiExample("Another rule and a cap", value=_DRAFT, request_only=True)])
class BacktestBody(Body):
    """The draft: what it does not name is taken as it stands."""

    days = serializers.IntegerField(required=False, min_value=1, max_value=MAX_DAYS, help_text="How far back; 7 where it is left out.")
    strategy = serializers.ChoiceField(Strategy.choices, required=False)
    max_partners = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    rules = Rules(required=False, allow_null=True)
    assignments = AssignmentDraft(many=True, required=False, max_length=1_000)  # type: ignore[call-arg]  # the list takes it


class CountsAnswer(Answer):
    before = serializers.IntegerField()
    after = serializers.IntegerField()


class MovedAnswer(Answer):
    count = serializers.IntegerField()
    leads = serializers.ListField(child=serializers.UUIDField(), help_text="The first 20.")


class PartnerCountsAnswer(Answer):
    assignment = serializers.UUIDField()
    partner = serializers.UUIDField()
    partner_name = serializers.CharField()
    before = serializers.IntegerField(help_text="Leads that it got.")
    after = serializers.IntegerField()
    capped_before = serializers.IntegerField(help_text="Leads that found its caps or budgets full.")
    capped_after = serializers.IntegerField()


class CapHitAnswer(Answer):
    assignment = serializers.UUIDField()
    partner_name = serializers.CharField()
    subject = serializers.CharField(help_text="Whose limit it is: `partner` or `assignment`.")
    measure = serializers.CharField(help_text="`leads`, or `money` for a budget.")
    period = serializers.CharField()
    limit = serializers.JSONField(help_text="Leads, or money as a text.")
    starts_at = serializers.DateTimeField()
    turned_away = serializers.IntegerField()


@extend_schema_serializer(examples=[OpenApiExample("A cap that would turn leads away", value=_RESULT, response_only=True)])
class BacktestAnswer(Answer):
    """`before` is the profile as it stands, `after` with the draft."""

    leads = serializers.IntegerField(help_text="How many were looked at.")
    is_cut = serializers.BooleanField(help_text="Whether there were more: at most the newest 20,000 are looked at, for 10 seconds.")
    matched = CountsAnswer(help_text="Leads that the profile's rules let through.")
    newly_unmatched = MovedAnswer()
    newly_matched = MovedAnswer()
    partners = PartnerCountsAnswer(many=True)
    caps_hit = CapHitAnswer(many=True, help_text="With the draft. The 100 that turned away the most, the earliest first.")


class Backtest(AccountView):
    scope = "read"

    @extend_schema(
        summary="Back-test a draft",
        description="Routes the leads of the last days once more, in the order of their coming, by the profile as it stands and by a draft of it, and "
        "tells the difference. Both begin with empty caps and fresh turns, every channel counts as ready, and other profiles take no part: what "
        "differs is the draft's doing. Nothing is stored or sent. A draft that could not be saved is refused as it would be then. Where a rule, of the "
        "profile or of the draft, asks for an encrypted field, the scope `read:encrypted` is needed.",
        request=BacktestBody,
        responses={200: BacktestAnswer},
    )
    def post(self, request: Request, id: str) -> Response:  # noqa: A002 - as the address names it
        profile = find(Profile.objects.select_related("entity"), id)
        body = BacktestBody(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        draft = dict(body.validated_data)
        days, assignments = draft.pop("days", 7), draft.pop("assignments", [])
        return Response(run_backtest(access_of(request), profile, BacktestRequest(days, draft, assignments)))
