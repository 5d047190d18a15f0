"""The pages of one account, under /a/<slug>/."""

from django.urls import URLPattern, URLResolver, include, path

from leadflip.dashboard import overview

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview.overview, name="overview"),
    path("", include("accounts.dashboard.urls")),
    path("", include("distribution.dashboard.urls")),
    path("", include("delivery.dashboard.urls")),
    path("", include("intake.dashboard.urls")),
]
