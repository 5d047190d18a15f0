"""The pages of delivery, under /a/<slug>/."""

from django.urls import URLPattern, path

from delivery.dashboard import (
    channel,
    channel_health,
    channel_secret,
    channel_trial,
    deliveries,
    delivery,
    delivery_acts,
    digests,
    email_settings,
    preview,
)

_CHANNEL = "profiles/<str:profile_id>/partners/<str:assignment_id>/delivery"

urlpatterns: list[URLPattern] = [
    path("deliveries/", deliveries.deliveries, name="deliveries"),
    path("deliveries/export", deliveries.export_deliveries, name="export_deliveries"),
    path("deliveries/resend", delivery_acts.resend_many, name="resend_many"),
    path("deliveries/cancel", delivery_acts.cancel_many, name="cancel_many"),
    path("deliveries/<str:delivery_id>/", delivery.delivery, name="delivery"),
    path("deliveries/<str:delivery_id>/resend", delivery_acts.resend_delivery, name="resend_delivery"),
    path("deliveries/<str:delivery_id>/cancel", delivery_acts.cancel_one, name="cancel_delivery"),
    path("email/", email_settings.email_settings, name="email_settings"),
    path("email/test", email_settings.send_test_message, name="email_test"),
    path("channels/<str:channel_id>/", channel.channel_by_id, name="channel_by_id"),
    path(_CHANNEL, channel.channel, name="channel"),
    path(f"{_CHANNEL}/preview", preview.preview, name="channel_preview"),
    path(f"{_CHANNEL}/preview/<uuid:preview_id>", preview.mail, name="channel_preview_mail"),
    path(f"{_CHANNEL}/test", channel_trial.send, name="channel_test"),
    path(f"{_CHANNEL}/pause", channel_health.pause, name="channel_pause"),
    path(f"{_CHANNEL}/resume", channel_health.resume, name="channel_resume"),
    path(f"{_CHANNEL}/rotate", channel_secret.rotate, name="channel_rotate"),
    path("digests/", digests.digests, name="digests"),
    path("digests/<str:digest_id>/", digests.digest, name="digest"),
    path("digests/<str:digest_id>/send", digests.send_now, name="send_digest"),
    path("digests/<str:digest_id>/resend", digests.resend, name="resend_digest"),
]
