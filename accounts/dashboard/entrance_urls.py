"""The pages that belong to no account. Their names are allauth's where its views are used, since it looks them up."""

from allauth.account import views as account
from allauth.mfa.base import views as second_factor
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.urls import URLPattern, path, re_path
from django.views.generic import RedirectView

from accounts.dashboard import entrance
from accounts.dashboard.me import me, sign_out_elsewhere

urlpatterns: list[URLPattern] = [
    path("sign-up", entrance.SignUpView.as_view(), name="account_signup"),
    path("sign-up/sent", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm/(?P<key>[-:\w]+)$", account.confirm_email, name="account_confirm_email"),
    path("sign-in", account.login, name="account_login"),
    path("sign-in/code", second_factor.authenticate, name="mfa_authenticate"),
    path("sign-in/closed", account.account_inactive, name="account_inactive"),
    path("sign-out", account.logout, name="account_logout"),
    path("password/forgotten", account.password_reset, name="account_reset_password"),
    path("password/forgotten/sent", account.password_reset_done, name="account_reset_password_done"),
    path("password/new", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    re_path(
        r"^password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)$", account.password_reset_from_key, name="account_reset_password_from_key"
    ),
    path("invitations/<str:key>/", entrance.invitation, name="invitation"),
    path("accounts/new", entrance.new_account, name="new_account"),
    path("me/", me, name="me"),
    path("me/sign-out-elsewhere", sign_out_elsewhere, name="sign_out_elsewhere"),
    path("me/email", account.email, name="account_email"),
    path("me/password", account.password_change, name="account_change_password"),
    path("me/password/first", account.password_set, name="account_set_password"),
    path("me/confirm", account.reauthenticate, name="account_reauthenticate"),
    path("me/confirm/code", second_factor.reauthenticate, name="mfa_reauthenticate"),
    path("me/second-factor", RedirectView.as_view(pattern_name="me"), name="mfa_index"),
    path("me/second-factor/on", totp.activate_totp, name="mfa_activate_totp"),
    path("me/second-factor/off", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path("me/recovery-codes", recovery_codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("me/recovery-codes/new", recovery_codes.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("me/recovery-codes/text", recovery_codes.download_recovery_codes, name="mfa_download_recovery_codes"),
]
