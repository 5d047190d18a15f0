"""Forms of the dashboard: fields drawn by `templates/parts/field.html`, and the domain's faults at the fields they are about."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting

from accounts.faults import RefusedChangeError


class Renderer(TemplatesSetting):
    field_template_name = "parts/field.html"
    form_template_name = "parts/form.html"


class DashboardForm(forms.Form):
    default_renderer = Renderer
    required_css_class = "is-required"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name, field in self.fields.items():
            field.error_messages["required"] = f"{field.label or name.replace('_', ' ').capitalize()} is missing."

    def add_faults(self, refusal: RefusedChangeError) -> None:
        """Each at the field that the first part of its path names; one that no field is named for stands above the form."""
        for fault in refusal.faults:
            name = fault.attr.partition(".")[0]
            self.add_error(name if name in self.fields else None, forms.ValidationError(fault.detail, code=fault.code))
