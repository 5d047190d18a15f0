"""The mail server of Leadflip's own mails (confirmations, resets, invitations, alerts), from the environment. An account's leads go out through
its own server: accounts.models.MailServer."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured

from leadflip.env import env_int, env_text

_SECURITIES = ("none", "starttls", "tls")
_PORTS = {"none": 25, "starttls": 587, "tls": 465}
_TIMEOUT_SECONDS = 5


def mailers(*, is_test: bool) -> dict[str, dict[str, Any]]:
    """Django's MAILERS. Empty without a host: then mails wait in the outbox, and the log says why. Tests never send, host or not."""
    host, security = env_text("LEADFLIP_MAIL_HOST", default=""), env_text("LEADFLIP_MAIL_SECURITY", default="starttls")
    if security not in _SECURITIES:
        raise ImproperlyConfigured(f"LEADFLIP_MAIL_SECURITY is {security!r}; it must be none, starttls or tls.")
    options = {
        "host": host,
        "port": env_int("LEADFLIP_MAIL_PORT", default=_PORTS[security], at_least=1),
        "username": env_text("LEADFLIP_MAIL_USER", default=""),
        "password": env_text("LEADFLIP_MAIL_PASSWORD", default=""),
        "use_tls": security == "starttls",
        "use_ssl": security == "tls",
        "timeout": _TIMEOUT_SECONDS,
    }
    return {"default": {"OPTIONS": options}} if host or is_test else {}
