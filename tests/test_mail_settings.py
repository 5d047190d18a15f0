"""The server of Leadflip's own mails, as the environment names it."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import mailers as django_mailers

from leadflip.mail_settings import mailers


@pytest.fixture(autouse=True)
def _host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADFLIP_MAIL_HOST", "mail.acme.test")
    for name in ("PORT", "SECURITY", "USER", "PASSWORD"):
        monkeypatch.delenv(f"LEADFLIP_MAIL_{name}", raising=False)


@pytest.mark.parametrize(
    ("security", "port", "starttls", "tls"), [("none", 25, False, False), ("starttls", 587, True, False), ("tls", 465, False, True)]
)
def test_each_kind_of_security_has_its_usual_port(
    security: str, port: int, starttls: bool, tls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEADFLIP_MAIL_SECURITY", security)
    options = mailers(is_test=False)["default"]["OPTIONS"]
    assert (options["host"], options["port"], options["use_tls"], options["use_ssl"]) == ("mail.acme.test", port, starttls, tls)


def test_django_can_make_a_connection_of_it(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv("LEADFLIP_MAIL_USER", "leadflip")
    monkeypatch.setenv("LEADFLIP_MAIL_PASSWORD", "secret")
    monkeypatch.setenv("LEADFLIP_MAIL_PORT", "2525")
    settings.MAILERS = mailers(is_test=False)
    server: Any = django_mailers.default
    assert (server.host, server.port, server.username, server.password, server.timeout) == ("mail.acme.test", 2525, "leadflip", "secret", 5)


def test_without_a_host_there_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADFLIP_MAIL_HOST", "")
    assert mailers(is_test=False) == {}


def test_a_mistyped_security_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADFLIP_MAIL_SECURITY", "ssl")
    with pytest.raises(ImproperlyConfigured, match="LEADFLIP_MAIL_SECURITY is 'ssl'; it must be none, starttls or tls"):
        mailers(is_test=False)
