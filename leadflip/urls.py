from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from intake.lead_form_page import lead_form_page
from leadflip.dashboard import start
from leadflip.health import healthz, readyz
from leadflip.rest.docs import DocsView, SchemaView

# By the one way in, so that the second factor counts there too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns: list[URLPattern | URLResolver] = [
    # First, since each lead is a request: what stands before would be tried before.
    path("api/", include("intake.api.urls")),
    path("api/", include("accounts.api.urls")),
    path("api/", include("distribution.api.urls")),
    path("api/", include("delivery.api.urls")),
    path("", start.start, name="start"),
    path("theme", start.theme, name="theme"),
    path("a/<slug:slug>/", include("leadflip.dashboard.urls")),
    path("", include("accounts.dashboard.entrance_urls")),
    path("f/<str:key>/", lead_form_page, name="public_lead_form"),
    path("healthz", healthz),
    path("readyz", readyz),
    path("admin/", admin.site.urls),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("api/docs/", DocsView.as_view(), name="docs"),
]

handler403 = "leadflip.rest.errors.forbidden"
handler404 = "leadflip.rest.errors.not_found"
handler500 = "leadflip.rest.errors.failed"
