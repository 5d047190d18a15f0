"""The pages of intake, under /a/<slug>/."""

from django.urls import URLPattern, path

from intake.dashboard import imports, lead, lead_form, leads, new_import, new_lead

urlpatterns: list[URLPattern] = [
    path("leads/", leads.leads, name="leads"),
    path("leads/imports/", imports.imports, name="imports"),
    path("leads/imports/new", new_import.new_import, name="new_import"),
    path("leads/imports/<str:import_id>/", imports.one_import, name="import"),
    path("leads/imports/<str:import_id>/cancel", imports.cancel, name="cancel_import"),
    path("leads/imports/<str:import_id>/faulty.csv", imports.import_faulty_rows, name="import_faulty_rows"),
    path("leads/new/<str:entity_id>", new_lead.new_lead, name="new_lead"),
    path("leads/form/<str:entity_id>", lead_form.lead_form, name="lead_form"),
    path("leads/form/<str:entity_id>/address", lead_form.change_form_address, name="change_form_address"),
    path("leads/<str:lead_id>/", lead.lead, name="lead"),
    path("leads/<str:lead_id>/reveal", lead.reveal_lead, name="reveal_lead"),
    path("leads/<str:lead_id>/redistribute", lead.redistribute_lead, name="redistribute_lead"),
    path("leads/<str:lead_id>/erase", lead.erase_lead, name="erase_lead"),
]
