from django.apps import AppConfig
from django.core.checks import register

from delivery.checks import warn_of_outbound_exceptions


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = "Delivery"

    def ready(self) -> None:
        register(warn_of_outbound_exceptions, deploy=True)
