from ipaddress import ip_network

from django.core.checks import run_checks
from pytest_django.fixtures import Settings


def warnings() -> list[str]:
    return [message.msg for message in run_checks(include_deployment_checks=True) if message.id == "delivery.W001"]


def test_a_deployment_with_exceptions_is_warned(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW = (ip_network("10.0.0.0/8"),)
    (warning,) = warnings()
    assert "10.0.0.0/8" in warning


def test_one_without_is_not(settings: Settings) -> None:
    settings.OUTBOUND_ALLOW = ()
    assert warnings() == []
