"""The forms of signing up, signing in and looking after one's own sign-in: allauth's, drawn as those of the dashboard."""

from typing import Any, cast

from allauth.account.adapter import get_adapter
from allauth.account.forms import (
    AddEmailForm,
    ChangePasswordForm,
    LoginForm,
    ReauthenticateForm,
    ResetPasswordForm,
    ResetPasswordKeyForm,
    SetPasswordForm,
    SignupForm,
)
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as ReauthenticateByCodeForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from django import forms
from django.db import transaction
from django.http import HttpRequest

from accounts import invitations
from accounts.dashboard.forms import DashboardForm, Renderer, say_in_plain_words
from accounts.invitations import Offer
from accounts.models import Account, User
from accounts.signup import open_account

_PASSWORD_HELP = "At least 10 characters, and none of the common ones."  # noqa: S105 - a text for people


class LineField(forms.CharField):
    """A text in one line: names go into the headers of mails and into logs."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        if not text.isprintable():
            raise forms.ValidationError("Wanted one line, without control characters.", code="not_a_line")
        return text


class _Drawn(forms.Form):
    """allauth says everything twice, in the label and in the placeholder, and its password rules as a list of tags."""

    default_renderer = Renderer

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
        next(iter(self.fields.values())).widget.attrs["autofocus"] = True
        for name in ("login", "email"):
            if name in self.fields:
                self.fields[name].label = "Email"
        if "password1" in self.fields:
            self.fields["password1"].help_text = _PASSWORD_HELP
        for name in ("password", "oldpassword"):
            # A link to the reset, which the pages have at a place of their own.
            if name in self.fields:
                self.fields[name].help_text = ""
        say_in_plain_words(self)


class SignIn(_Drawn, LoginForm):  # type: ignore[misc]  # allauth has no types
    pass


class SignUp(_Drawn, SignupForm):  # type: ignore[misc]
    """Makes the person, and the account they own; an invited one joins the account of the offer, whose mail has proved their address."""

    name = LineField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    company = LineField(
        label="Company",
        max_length=Account._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    field_order = ("name", "company", "email", "password1")

    def __init__(self, *args: Any, offer: Offer | None = None, invitation_key: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offer, self.invitation_key = offer, invitation_key
        if offer:
            del self.fields["company"]
            self.fields["email"].initial = offer.email
            self.fields["email"].disabled = True

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        if self.offer:
            get_adapter().stash_verified_email(request, self.offer.email)
        return cast(User, super().save(request))

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
        if self.offer:
            invitations.accept(self.invitation_key, user)
        else:
            open_account(self.cleaned_data["company"], owner=user)


class ForgottenPassword(_Drawn, ResetPasswordForm):  # type: ignore[misc]
    pass


class NewPassword(_Drawn, ResetPasswordKeyForm):  # type: ignore[misc]
    pass


class FirstPassword(_Drawn, SetPasswordForm):  # type: ignore[misc]
    pass


class ChangePassword(_Drawn, ChangePasswordForm):  # type: ignore[misc]
    pass


class ChangeEmail(_Drawn, AddEmailForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "New email"

    def clean_email(self) -> str:
        email: str = super().clean_email()
        if User.objects.filter(email=email).exists():
            raise get_adapter().validation_error("email_taken")
        return email


class ConfirmByPassword(_Drawn, ReauthenticateForm):  # type: ignore[misc]
    pass


class ConfirmByCode(_Drawn, ReauthenticateByCodeForm):  # type: ignore[misc]
    pass


class SecondFactor(_Drawn, AuthenticateForm):  # type: ignore[misc]
    pass


class TurnOnSecondFactor(_Drawn, ActivateTOTPForm):  # type: ignore[misc]
    pass


class NewAccountForm(DashboardForm):
    company = LineField(
        label="Company",
        max_length=Account._meta.get_field("name").max_length,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )


class NameForm(DashboardForm):
    name = LineField(label="Name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
