"""The admin's pages of an account's records.

Row-level security decides what they show (leadflip.admin_scope); the member's role decides what may be changed; and whatever is changed goes
through `accounts.changes`, so that it is in the audit log and every cache learns of it.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib.admin.options import ActionLocation
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.admin import ModelAdmin

from accounts import changes
from accounts.access import Access
from accounts.faults import RefusedChangeError

_MAX_COUNTED = 10_000


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # no generic when it runs
    """Counts no further than people turn pages: counting a log of millions takes longer than anybody waits."""

    @cached_property
    def count(self) -> int:
        return int(self.object_list[:_MAX_COUNTED].count()) if isinstance(self.object_list, QuerySet) else len(self.object_list)


class CheckedForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic when it runs
    """A form that asks the domain whether its values will do. `access` and `check` are set by AccountAdmin."""

    access: ClassVar[Access]
    check: ClassVar[Callable[[Any, Mapping[str, Any]], Mapping[str, Any]]]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        self.instance.account_id = self.access.account_id
        if self.errors:
            return values
        try:
            return dict(type(self).check(self.instance, values))
        except RefusedChangeError as error:
            for fault in error.faults:
                name = fault.attr.partition(".")[0]
                self.add_error(name if name in self.fields else None, fault.detail)
        return values


class AccountAdmin(ModelAdmin):  # type: ignore[misc]  # unfold has no types
    form = CheckedForm
    ordering: ClassVar[tuple[str, ...]] = ("-id",)
    exclude: ClassVar[tuple[str, ...]] = ("account",)
    paginator = BoundedPaginator
    show_full_result_count = False

    def get_form(self, request: HttpRequest, obj: Model | None = None, change: bool = False, **options: Any) -> Any:  # noqa: FBT001, FBT002 - Django's
        form = super().get_form(request, obj, change=change, **options)
        return type(form.__name__, (form,), {"access": access_of(request), "check": self.check_values})

    def check_values(self, record: Any, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """The domain's check of what was typed. Raises RefusedChangeError."""
        return values

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request, "read") and bool(super().has_view_permission(request, obj))

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request, "write") and bool(super().has_add_permission(request))

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request, "write") and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return may(request, "write") and bool(super().has_delete_permission(request, obj))

    def get_action_choices(
        self, request: HttpRequest, default_choices: Any = None, action_location: ActionLocation = ActionLocation.CHANGE_LIST
    ) -> list[tuple[str, str]]:
        # unfold's own has not the signature of Django 6.1 yet, of which Django warns.
        choices: list[tuple[str, str]] = super(ModelAdmin, self).get_action_choices(request, [("", "Select action")], action_location)
        return choices

    def save_model(self, request: HttpRequest, obj: Model, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's
        if not change:
            changes.create(access_of(request), obj)
            return
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        # As it is stored, so that the audit log has the old values.
        stored = type(obj)._default_manager.get(pk=obj.pk)  # noqa: SLF001 - a public name of Django
        changes.update(access_of(request), stored, values)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        changes.delete(access_of(request), obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for record in queryset:
            changes.delete(access_of(request), record)

    # Django's own log of the admin is a table of no account; the audit log has what it would have.
    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> None:
        pass

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> None:
        pass

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        pass


class ReadOnlyAdmin(AccountAdmin):
    """What only the API or the engine may write."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def may(request: HttpRequest, scope: str) -> bool:
    access = getattr(request, "access", None)
    return isinstance(access, Access) and scope in access.scopes


def access_of(request: HttpRequest) -> Access:
    access = request.access  # type: ignore[attr-defined]  # set by leadflip.admin_scope
    assert isinstance(access, Access)  # `may` let the request in
    return access
