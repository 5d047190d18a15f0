"""The public form of an Entity: switched on, what it asks for, and how it gets onto a site."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpResponse
from django.urls import reverse

from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.faults import RefusedChangeError
from distribution.entities import find_entity
from distribution.entity_table import specs_of
from distribution.fields import FieldSpec
from distribution.models import Entity
from intake.lead_forms import change_address, form_of, new_form, set_lead_form
from intake.models import LeadForm


class SetUpForm(DashboardForm):
    is_enabled = forms.BooleanField(required=False, label="The form is open", help_text="Whoever has its address can send a lead.")
    title = forms.CharField(max_length=200)
    field_keys = forms.MultipleChoiceField(required=False, label="What it asks for", widget=forms.CheckboxSelectMultiple)
    button = forms.CharField(max_length=60, label="Text of the button")
    thank_you = forms.CharField(max_length=2_000, label="Thank-you", widget=forms.Textarea(attrs={"rows": 3}))
    redirect_url = forms.CharField(
        max_length=2_000,
        required=False,
        label="Page to go to instead",
        widget=forms.TextInput(attrs={"inputmode": "url", "placeholder": "https://www.example.com/thanks"}),
        help_text="Begins with https://. Empty: the thank-you is shown. A page that forbids frames is not shown inside of one.",
    )
    allowed_origins = forms.CharField(
        required=False,
        max_length=10_000,
        label="Sites that may embed it",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "https://www.example.com"}),
        help_text="One per line. Empty: the form opens at its own address, and in no frame.",
    )

    def __init__(self, *args: Any, specs: Sequence[FieldSpec], **options: Any) -> None:
        super().__init__(*args, **options)
        choice = self.fields["field_keys"]
        assert isinstance(choice, forms.MultipleChoiceField)
        choice.choices = [(spec.key, _label(spec)) for spec in specs]

    def values(self) -> dict[str, Any]:
        """As intake.lead_forms takes them."""
        return {**self.cleaned_data, "allowed_origins": self.cleaned_data["allowed_origins"].split()}

    @classmethod
    def initial_of(cls, form: LeadForm) -> dict[str, Any]:
        return {name: getattr(form, name) for name in cls.base_fields} | {"allowed_origins": "\n".join(form.allowed_origins)}


@page("read", to_change="write")
def lead_form(request: PageRequest, entity_id: str) -> Page | HttpResponse:
    entity = _find(request, entity_id)
    stored = form_of(entity)
    specs = specs_of(entity)
    form = SetUpForm(request.POST or None, initial=SetUpForm.initial_of(stored or new_form(entity)), specs=specs)
    if request.method == "POST" and form.is_valid():
        try:
            made = set_lead_form(request.access, entity, form.values())
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return saved(
                request, "The form is saved, and open." if made.is_enabled else "The form is saved. It is closed.", "lead_form", entity.slug
            )
    address = public_address(stored) if stored else ""
    context = {
        "heading": "Lead form",
        "entity": entity,
        "form": form,
        "stored": stored,
        "address": address,
        "snippet": _snippet(stored, address),
    }
    return Page("intake/lead_form.html", context, status=400 if form.errors else 200)


@act()
def change_form_address(request: PageRequest, entity_id: str) -> HttpResponse:
    entity = _find(request, entity_id)
    stored = form_of(entity)
    if stored is None:
        return refused(request, "The form has no address yet: save it first.", "lead_form", entity.slug)
    change_address(request.access, stored)
    return saved(request, "The form has a new address. The old one leads nowhere; put the new one on your sites.", "lead_form", entity.slug)


def public_address(form: LeadForm) -> str:
    return f"{settings.PUBLIC_URL}{reverse('public_lead_form', args=[form.public_key])}"


def _find(request: PageRequest, entity_id: str) -> Entity:
    found = find_entity(entity_id, is_to_change=request.method == "POST")
    if found is None:
        raise Http404
    return found


def _snippet(form: LeadForm | None, address: str) -> str:
    if form is None:
        return ""
    height = 180 + 76 * len(form.field_keys)
    return f'<iframe src="{address}" title="Contact form" width="100%" height="{height}" loading="lazy"></iframe>'


def _label(spec: FieldSpec) -> str:
    marks = [word for word, is_so in (("required", spec.is_required), ("encrypted", spec.is_encrypted)) if is_so]
    return f"{spec.label} ({', '.join(marks)})" if marks else spec.label
