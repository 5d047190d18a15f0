from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from leadflip.health import healthz, readyz
from leadflip.rest.docs import DocsView, SchemaView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/admin/")),
    path("healthz", healthz),
    path("readyz", readyz),
    path("admin/", admin.site.urls),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="docs"),
    path("api/", include("intake.api.urls")),
    path("api/", include("accounts.api.urls")),
    path("api/", include("distribution.api.urls")),
    path("api/", include("delivery.api.urls")),
]

handler404 = "leadflip.rest.errors.not_found"
handler500 = "leadflip.rest.errors.failed"
