"""What OPTIONS answers. A module of its own: DRF's views read the settings that name it while they are imported."""

from typing import TYPE_CHECKING

from rest_framework.metadata import BaseMetadata
from rest_framework.request import Request

if TYPE_CHECKING:
    from rest_framework.views import APIView


class Methods(BaseMetadata):
    """The methods; what they take and answer stands in the OpenAPI document."""

    def determine_metadata(self, request: Request, view: "APIView") -> dict[str, list[str]]:
        return {"methods": view.allowed_methods}
