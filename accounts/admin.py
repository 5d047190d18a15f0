from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.account_settings import clean_account
from accounts.admin_base import AccountAdmin, ReadOnlyAdmin
from accounts.models import Account, ApiKey, AuditEvent, MailServer, Member, User

# They belong to no account, so that the staff of any would see everybody's.
admin.site.unregister([Group, EmailAddress, Authenticator])


@admin.register(Account)
class AccountSettingsAdmin(AccountAdmin):
    list_display = ("name", "slug", "time_zone", "created_at")
    readonly_fields = ("slug", "created_at")
    exclude = ("wrapped_key", "config_version")

    def check_values(self, record: Account, values: Mapping[str, Any]) -> Mapping[str, Any]:
        return clean_account(record, values)

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    """The people of the account; a person's sign-in may serve other accounts too, so that nothing of it is changed here."""

    list_display = ("email", "name", "is_active", "is_staff")
    search_fields = ("email", "name")
    fields = ("email", "name", "is_active", "is_staff", "is_superuser", "last_login", "date_joined")
    exclude = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return User.objects.filter(id__in=Member.objects.values("user_id"))


@admin.register(Member)
class MemberAdmin(ReadOnlyAdmin):
    list_display = ("user", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("user",)


@admin.register(ApiKey)
class ApiKeyAdmin(ReadOnlyAdmin):
    list_display = ("name", "prefix", "scopes", "expires_at", "revoked_at", "last_used_at")
    search_fields = ("name", "prefix")
    exclude = ("account", "key_hash")


@admin.register(MailServer)
class MailServerAdmin(ReadOnlyAdmin):
    list_display = ("host", "port", "security", "from_address", "updated_at")
    exclude = ("account", "sealed_password")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "actor_label", "action", "object_type", "object_label")
    list_filter: ClassVar = ("action", "object_type")
    search_fields = ("object_label", "actor_label")
