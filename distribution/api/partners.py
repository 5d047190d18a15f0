"""/api/partners"""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from accounts import changes
from accounts.access import Access
from accounts.api.body import Body, Line
from accounts.api.resources import Creates, Deletes, Lists, Reads, Replaces
from distribution.api.parts import Caps
from distribution.models import Partner
from distribution.partners import add_partner, change_partner

_HELIOS = {"name": "Helios Direct", "email": "leads@helios.test", "time_zone": "America/Los_Angeles", "caps": {"day": 500}}


@extend_schema_serializer(examples=[OpenApiExample("Helios Direct", value=_HELIOS, request_only=True)])
class PartnerBody(Body):
    id = serializers.UUIDField(read_only=True)
    name = Line(max_length=100)
    email = serializers.CharField(
        max_length=254, default="", allow_blank=True, help_text="Where mails go when a channel names no recipients."
    )
    phone = serializers.CharField(max_length=32, default="", allow_blank=True, help_text="Kept in E.164.")
    time_zone = serializers.CharField(max_length=64, default="UTC", help_text="An IANA name; caps and digests go by it.")
    tags = serializers.ListField(child=Line(max_length=50), max_length=50, default=list)
    notes = serializers.CharField(max_length=10_000, default="", allow_blank=True)
    is_active = serializers.BooleanField(default=True, help_text="An inactive partner gets no new leads.")
    caps = Caps(default=dict, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)


class PartnerList(Lists[Partner], Creates[Partner]):
    """Who receives leads. One partner serves every profile."""

    serializer_class = PartnerBody

    def rows(self) -> QuerySet[Partner]:
        return Partner.objects.all()

    def create(self, access: Access, values: Mapping[str, Any]) -> Partner:
        return add_partner(access, values)


class PartnerDetail(Reads[Partner], Replaces[Partner], Deletes[Partner]):
    """One partner. One that is in a profile, or got a lead, cannot be deleted (409): switch `is_active` off instead."""

    serializer_class = PartnerBody

    def rows(self) -> QuerySet[Partner]:
        return Partner.objects.all()

    def change(self, access: Access, record: Partner, values: Mapping[str, Any]) -> None:
        change_partner(access, record, values)

    def remove(self, access: Access, record: Partner) -> None:
        changes.delete(access, record)
