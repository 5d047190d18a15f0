"""Forms of the dashboard: fields drawn by `templates/parts/field.html`, and the domain's faults at the fields they are about."""

from typing import Any

from django import forms
from django.forms.renderers import TemplatesSetting

from accounts.faults import RefusedChangeError


class Renderer(TemplatesSetting):
    field_template_name = "parts/field.html"
    form_template_name = "parts/form.html"


# What Django says in the words of a program.
_WORDS = {
    "min_value": "Wanted %(limit_value)s or more.",
    "max_value": "Wanted %(limit_value)s at most.",
    "max_length": "It has %(show_value)d characters; at most %(limit_value)d are kept.",
}


def say_in_plain_words(form: forms.BaseForm) -> None:
    """A fault names the field, or what is wanted of its value."""
    for name, field in form.fields.items():
        field.error_messages.update(_WORDS, required=f"{field.label or name.replace('_', ' ').capitalize()} is missing.")
        if isinstance(field, forms.IntegerField):
            field.error_messages["invalid"] = "Wanted a whole number." if type(field) is forms.IntegerField else "Wanted a number."
        elif isinstance(field, forms.DateField):
            field.error_messages["invalid"] = "Wanted a day, such as 2030-12-31."


class DashboardForm(forms.Form):
    default_renderer = Renderer
    required_css_class = "is-required"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        say_in_plain_words(self)

    def add_faults(self, refusal: RefusedChangeError) -> None:
        """Each at the field that the first part of its path names; one that no field is named for stands above the form."""
        for fault in refusal.faults:
            name = fault.attr.partition(".")[0]
            self.add_error(name if name in self.fields else None, forms.ValidationError(fault.detail, code=fault.code))
