"""How Leadflip's own ways reach into allauth: mails go through the outbox, links begin with the public address, and the secrets of second
factors are sealed."""

from base64 import b64decode, b64encode
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from accounts.outbox import post
from accounts.vault import seal_by_master, unseal_by_master

_SECOND_FACTOR = b"second-factor"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "No sign-in has this email address and this password.",
        "enter_current_password": "This is not your present password.",
        "incorrect_password": "This is not your password.",
        "incorrect_code": "This code is not right. A code is good for 30 seconds, and for one use.",
        "email_taken": "This email address has a sign-in already.",
        "too_many_login_attempts": "Too many tries have failed. Wait five minutes, or set a new password.",
        "rate_limited": "Too many tries within a short time. Wait a minute.",
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        message = self.render_mail(
            template_prefix, email, {"request": self.request, "email": email, "public_url": settings.PUBLIC_URL, **context}
        )
        post(to=email, subject=message.subject, text=message.body)

    def format_email_subject(self, subject: str) -> str:
        return subject

    # The host that a request names is not to be trusted in a mail.
    def get_email_confirmation_url(self, request: HttpRequest, emailconfirmation: Any) -> str:
        return f"{settings.PUBLIC_URL}{reverse('account_confirm_email', args=[emailconfirmation.key])}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        person, _, secret = key.partition("-")
        return f"{settings.PUBLIC_URL}{reverse('account_reset_password_from_key', args=[person, secret])}"

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("me")

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """An address that became somebody else's between the mail and the click stays theirs."""
        if User.objects.filter(email=email_address.email).exclude(pk=email_address.user_id).exists():
            messages.error(request, f"{email_address.email} belongs to another sign-in by now, so nothing was changed.")
            return False
        return bool(super().confirm_email(request, email_address))


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "add_email_blocked": "Turn the second factor off before you change the address, and on again afterwards.",
        "incorrect_code": AccountAdapter.error_messages["incorrect_code"],
        "unverified_email": "Confirm your new email address first: its mail is in your inbox.",
    }

    def encrypt(self, text: str) -> str:
        return b64encode(seal_by_master(text.encode(), bound_to=_SECOND_FACTOR)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal_by_master(b64decode(encrypted_text), bound_to=_SECOND_FACTOR).decode()
