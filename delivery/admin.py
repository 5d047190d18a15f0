from typing import Any

from django.contrib import admin
from django.utils.html import format_html

from accounts.admin_base import ReadOnlyAdmin
from delivery.channel_config import without_secrets
from delivery.models import Attempt, ChannelHealth, Delivery, DeliveryChannel


@admin.register(DeliveryChannel)
class DeliveryChannelAdmin(ReadOnlyAdmin):
    """Set up by the API, which checks the settings of each kind."""

    list_display = ("id", "kind", "partner", "profile", "is_primary", "paused_at")
    list_filter = ("kind", "is_primary")
    list_select_related = ("assignment__partner", "assignment__profile")
    fields = (
        "assignment",
        "kind",
        "is_primary",
        "settings",
        "fields_chosen",
        "max_in_flight",
        "paused_at",
        "pause_reason",
        "created_at",
        "updated_at",
    )
    readonly_fields = fields

    @admin.display(description="Partner")
    def partner(self, channel: DeliveryChannel) -> str:
        return channel.assignment.partner.name

    @admin.display(description="Profile")
    def profile(self, channel: DeliveryChannel) -> str:
        return channel.assignment.profile.name

    @admin.display(description="Settings")
    def settings(self, channel: DeliveryChannel) -> Any:
        return format_html("<pre>{}</pre>", without_secrets(channel.config))

    @admin.display(description="Fields")
    def fields_chosen(self, channel: DeliveryChannel) -> Any:
        return format_html("<pre>{}</pre>", channel.fields)


@admin.register(ChannelHealth)
class ChannelHealthAdmin(ReadOnlyAdmin):
    list_display = ("channel", "last_success_at", "failing_since", "failures_in_a_row", "last_reason")
    list_select_related = ("channel__assignment__partner",)
    ordering = ("-channel_id",)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    list_display = ("id", "state", "partner", "profile", "attempts_made", "next_attempt_at", "created_at")
    list_filter = ("state", "is_test")
    list_select_related = ("partner", "profile")
    exclude = ("account", "claim_id", "leased_until")


@admin.register(Attempt)
class AttemptAdmin(ReadOnlyAdmin):
    """What was sent and what came back is sealed; the API opens it for those who may see it."""

    list_display = ("started_at", "delivery_id", "number", "trigger", "outcome", "code", "http_status", "duration_ms")
    list_filter = ("outcome", "trigger")
    exclude = ("account", "sealed_response")
