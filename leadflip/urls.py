from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from leadflip.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(url="/admin/")),
    path("healthz", healthz),
    path("readyz", readyz),
    path("api/", include("accounts.api.urls")),
    path("api/", include("distribution.api.urls")),
    path("api/", include("delivery.api.urls")),
    path("api/", include("intake.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
]
