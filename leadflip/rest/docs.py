"""The OpenAPI document and its page."""

from django.utils.csp import CSP
from django.utils.decorators import method_decorator
from django.views.decorators.csp import csp_override
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2, OpenApiYamlRenderer, OpenApiYamlRenderer2
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.negotiation import DefaultContentNegotiation

# Swagger UI sets styles of its elements and shows its icons as data; its script comes from a URL of its own.
_DOCS_CSP: dict[str, list[str]] = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}


class SchemaView(SpectacularAPIView):
    """JSON for those who do not ask; YAML with `?format=yaml`."""

    content_negotiation_class = DefaultContentNegotiation
    renderer_classes = [OpenApiJsonRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer, OpenApiYamlRenderer2]  # noqa: RUF012 - as DRF has it


@method_decorator(csp_override(_DOCS_CSP), name="dispatch")
class DocsView(SpectacularSwaggerSplitView):
    metadata_class = None  # a page has no OPTIONS
    content_negotiation_class = DefaultContentNegotiation
