"""Leads in by the usual view: a ModelSerializer checks and writes, the ORM finds who gets the lead.

It stores what `intake.pipeline` stores (the lead, its secret values sealed, its decision, its deliveries), and is let off what that does besides:
row-level security, duplicates, caps and turns, strategies, other operators than `starts_with`, unknown keys, idempotency, the wake-up.
"""

from typing import Any

import phonenumbers
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.generics import CreateAPIView
from rest_framework.request import Request

from accounts.models import Account, ApiKey, hash_key
from delivery.models import Delivery
from distribution.fields.exact_json import dump
from distribution.models import Assignment, Decision, Entity, Lead, Profile


class KeyAuthentication(BaseAuthentication):
    """As rest_framework.authentication.TokenAuthentication does it."""

    def authenticate(self, request: Request) -> tuple[Account, ApiKey]:
        parts = get_authorization_header(request).split()
        try:
            key = ApiKey.objects.live().select_related("account").get(key_hash=hash_key(parts[1].decode()))
        except (ApiKey.DoesNotExist, IndexError, UnicodeError) as error:
            raise AuthenticationFailed("Invalid token.") from error
        return key.account, key


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    partner_name = serializers.CharField(source="partner.name")

    class Meta:
        model = Delivery
        fields = ("id", "partner", "partner_name", "state")


class EntityField(serializers.SlugRelatedField[Entity]):
    def get_queryset(self) -> QuerySet[Entity]:
        return Entity.objects.filter(account=self.context["request"].user)


class LeadSerializer(serializers.ModelSerializer[Lead]):
    entity = EntityField(slug_field="slug", queryset=Entity.objects.all())
    first_name = serializers.CharField(max_length=200, write_only=True)
    last_name = serializers.CharField(max_length=200, write_only=True, required=False)
    email = serializers.EmailField(write_only=True)
    phone = serializers.CharField(max_length=30, write_only=True, required=False)
    zip = serializers.CharField(max_length=10, write_only=True, required=False)
    city = serializers.CharField(max_length=100, write_only=True, required=False)
    budget = serializers.DecimalField(max_digits=12, decimal_places=2, write_only=True, required=False)
    ssn = serializers.CharField(max_length=20, write_only=True, required=False)
    deliveries = DeliverySerializer(many=True, read_only=True, source="created_deliveries")

    class Meta:
        model = Lead
        fields = (
            "id", "entity", "status", "note", "created_at", "deliveries",
            "first_name", "last_name", "email", "phone", "zip", "city", "budget", "ssn",
        )  # fmt: skip
        read_only_fields = ("id", "created_at")

    def validate_phone(self, value: str) -> str:
        try:
            number = phonenumbers.parse(value, "US")
        except phonenumbers.NumberParseException as error:
            raise serializers.ValidationError("Enter a valid phone number.") from error
        if not phonenumbers.is_possible_number(number):
            raise serializers.ValidationError("Enter a valid phone number.")
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)

    def create(self, validated_data: dict[str, Any]) -> Lead:
        own = {name: validated_data.pop(name) for name in ("account", "entity", "status", "note", "request_id") if name in validated_data}
        secret = {"ssn": validated_data.pop("ssn")} if "ssn" in validated_data else {}
        now = timezone.now()
        lead = Lead(**own, source="api", values=validated_data, created_at=now, updated_at=now)
        vault, lead.wrapped_key = lead.account.vault.new_lead_key(lead.id)
        lead.sealed = vault.seal(dump(secret), purpose="lead-values", record_id=lead.id) if secret else None
        lead.save(force_insert=True)
        lead.created_deliveries = [delivery for profile in _profiles(lead.entity) for delivery in _route(lead, profile)]
        return lead


class IntakeView(CreateAPIView[Lead]):
    authentication_classes = (KeyAuthentication,)
    serializer_class = LeadSerializer

    @transaction.atomic
    def perform_create(self, serializer: LeadSerializer) -> None:
        serializer.save(account=self.request.user, request_id=str(serializer.context["request"].headers.get("X-Request-Id", "")))


def _profiles(entity: Entity) -> list[Profile]:
    related = ("assignments__partner", "assignments__channels")
    return list(Profile.objects.filter(entity=entity, is_enabled=True).prefetch_related(*related))


def _is_match(rules: dict[str, Any], lead: Lead) -> bool:
    return all(lead.values.get(rule["field"], "").startswith(rule["value"]) for rule in rules.get("all", ()))


def _route(lead: Lead, profile: Profile) -> list[Delivery]:
    assignments = list(profile.assignments.all())
    chosen = [one for one in assignments if _is_match(profile.rules, lead) and one.is_enabled and _is_match(one.rules, lead)]
    Decision.objects.create(
        account=lead.account,
        lead=lead,
        profile=profile,
        profile_name=profile.name,
        is_matched=_is_match(profile.rules, lead),
        detail=_detail(profile, assignments, chosen),
        created_at=lead.created_at,
    )
    return [_deliver(lead, profile, assignment) for assignment in chosen]


def _deliver(lead: Lead, profile: Profile, assignment: Assignment) -> Delivery:
    return Delivery.objects.create(
        account=lead.account,
        lead=lead,
        channel=next(channel for channel in assignment.channels.all() if channel.is_primary),
        profile=profile,
        partner=assignment.partner,
        next_attempt_at=lead.created_at,
        created_at=lead.created_at,
        updated_at=lead.created_at,
    )


def _detail(profile: Profile, assignments: list[Assignment], chosen: list[Assignment]) -> dict[str, Any]:
    return {
        "profile": str(profile.id),
        "profile_name": profile.name,
        "strategy": profile.strategy,
        "is_matched": True,
        "reason": f"{len(chosen)} of {len(assignments)} assignments chosen.",
        "details": {},
        "assignments": [
            {
                "assignment": str(one.id),
                "partner": str(one.partner_id),
                "partner_name": one.partner.name,
                "is_chosen": one in chosen,
                "code": "chosen" if one in chosen else "rule",
                "reason": "Chosen." if one in chosen else "The rules do not match.",
                "details": {},
            }
            for one in assignments
        ],
    }
