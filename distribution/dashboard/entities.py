"""Entities: what a lead is, field by field."""

from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.db.models import Count, ProtectedError, Q
from django.http import Http404, HttpResponse
from django.utils import timezone

from accounts import changes
from accounts.dashboard.forms import DashboardForm
from accounts.dashboard.pages import Page, PageRequest, act, page, refused, saved
from accounts.faults import RefusedChangeError
from accounts.models import Job
from distribution.dashboard.entity_forms import TYPE_WORDS, EntityForm, FieldForm, NewEntityForm, described
from distribution.entities import EntityChange, add_entity, change_entity, find_entity
from distribution.field_uses import find_uses
from distribution.models import Entity
from distribution.retention import preview_retention


@page("read")
def entities(request: PageRequest) -> Page:
    rows = Entity.objects.annotate(number=Count("fields"), encrypted=Count("fields", filter=Q(fields__is_encrypted=True))).order_by("name")
    return Page("distribution/entities.html", {"heading": "Entities", "entities": rows[:500]})


@page("write")
def new_entity(request: PageRequest) -> Page | HttpResponse:
    form = NewEntityForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = add_entity(request.access, form.values())
        except RefusedChangeError as refusal:
            form.add_faults(refusal)
        else:
            return saved(request, f"{made.name} is there. Now its fields.", "entity", made.slug)
    return Page("distribution/new_entity.html", {"heading": "New Entity", "form": form}, status=400 if form.errors else 200)


@page("read", to_change="write")
def entity(request: PageRequest, entity_id: str) -> Page | HttpResponse:
    """Its fields; a POST adds one."""
    found = _find(request, entity_id)
    form = FieldForm(request.POST or None, initial={"type": "text"})
    if request.method == "POST" and form.is_valid():
        fields = [*map(described, found.fields.all()), form.description()]
        if _change(request, found, {"fields": fields}, form) is not None:
            return saved(request, f"{form.cleaned_data['label']} is a field now.", "entity", found.slug)
    return _fields_page(found, form)


@page("write")
def field(request: PageRequest, entity_id: str, key: str) -> Page | HttpResponse:
    found = _find(request, entity_id)
    fields = list(found.fields.all())
    edited = next((one for one in fields if one.key == key), None)
    if edited is None:
        raise Http404
    form = FieldForm(request.POST or None, initial=FieldForm.initial_of(edited))
    _keep_key(form)
    if request.method == "POST" and form.is_valid():
        wanted = [form.description(key=key) if one.key == key else described(one) for one in fields]
        if (made := _change(request, found, {"fields": wanted}, form)) is not None:
            return saved(request, _told(f"{edited.label} is saved.", made), "entity", found.slug)
    context = {"heading": edited.label, "entity": found, "field": edited, "form": form, "uses": find_uses(found).get(key, [])}
    return Page("distribution/field.html", context, status=400 if form.errors else 200)


@act()
def delete_field(request: PageRequest, entity_id: str, key: str) -> HttpResponse:
    found = _find(request, entity_id)
    kept = [described(one) for one in found.fields.all() if one.key != key]
    try:
        made = change_entity(request.access, found, {"fields": kept}, is_forced="is_forced" in request.POST)
    except RefusedChangeError as refusal:
        return refused(request, str(refusal), "field", found.slug, key)
    return saved(request, _told(f"The field {key} is removed.", made), "entity", found.slug)


@act()
def move_field(request: PageRequest, entity_id: str, key: str) -> HttpResponse:
    """One place up or down."""
    found = _find(request, entity_id)
    fields = list(found.fields.all())
    place = next((number for number, one in enumerate(fields) if one.key == key), None)
    if place is None:
        raise Http404
    target = place - 1 if request.POST.get("to") == "up" else place + 1
    if 0 <= target < len(fields):
        fields[place], fields[target] = fields[target], fields[place]
        change_entity(request.access, found, {"fields": [described(one) for one in fields]})
    return saved(request, "The order is saved.", "entity", found.slug)


@page("read", to_change="write")
def entity_settings(request: PageRequest, entity_id: str) -> Page | HttpResponse:
    found = _find(request, entity_id)
    form = EntityForm(request.POST or None, initial=EntityForm.initial_of(found), fields=list(found.fields.all()))
    if request.method == "POST" and form.is_valid() and (made := _change(request, found, form.values(), form)) is not None:
        return saved(request, _told(f"{found.name} is saved.", made), "entity_settings", found.slug)
    preview = preview_retention(found, days=found.retention_days, now=timezone.now())
    context = {"heading": found.name, "entity": found, "form": form, "tab": "settings", "preview": preview}
    return Page("distribution/entity_settings.html", context, status=400 if form.errors else 200)


@act()
def delete_entity(request: PageRequest, entity_id: str) -> HttpResponse:
    found = _find(request, entity_id)
    try:
        changes.delete(request.access, found)
    except ProtectedError:
        return refused(request, f"{found.name} has leads or profiles, so it stays.", "entity_settings", found.slug)
    return saved(request, f"{found.name} is deleted.", "entities")


def _find(request: PageRequest, entity_id: str) -> Entity:
    found = find_entity(entity_id, is_to_change=request.method == "POST")
    if found is None:
        raise Http404
    return found


def _change(request: PageRequest, found: Entity, values: Mapping[str, Any], form: EntityForm | FieldForm) -> EntityChange | None:
    """None: refused, and each fault stands at its field."""
    try:
        return change_entity(request.access, found, values, is_forced=form.cleaned_data["is_forced"])
    except RefusedChangeError as refusal:
        _add_faults(form, refusal, form.place_of)
        return None


def _add_faults(form: DashboardForm, refusal: RefusedChangeError, place_of: Callable[[str], str]) -> None:
    for fault in refusal.faults:
        if fault.code == "in_use":
            form.add_error("is_forced", forms.ValidationError(fault.detail.replace("send force=1", "tick this"), code="in_use"))
            continue
        name = place_of(fault.attr)
        form.add_error(name if name in form.fields else None, forms.ValidationError(fault.detail, code=fault.code))


def _told(message: str, made: EntityChange) -> str:
    sealing = "The leads stored before are being re-sealed in the background." if made.resealing else ""
    return " ".join(filter(None, [message, *made.warnings, sealing]))


def _keep_key(form: FieldForm) -> None:
    key = form.fields["key"]
    key.disabled = key.required = True
    key.help_text = "Its name in the API, which stays."


def _fields_page(found: Entity, form: FieldForm) -> Page:
    uses = find_uses(found)
    rows = [{"field": field, "type": TYPE_WORDS[field.type], "uses": uses.get(field.key, [])} for field in found.fields.all()]
    jobs = Job.objects.filter(kind="reseal", params__entity=str(found.id), state__in=["queued", "running"])
    context = {
        "heading": found.name, "entity": found, "rows": rows, "form": form, "tab": "fields", "jobs": list(jobs[:1]),
    }  # fmt: skip
    return Page("distribution/entity.html", context, status=400 if form.errors else 200)
