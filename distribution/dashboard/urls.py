"""The pages of distribution, under /a/<slug>/."""

from django.urls import URLPattern, path

from distribution.dashboard import assignments, backtest, entities, partners, profiles

urlpatterns: list[URLPattern] = [
    path("entities/", entities.entities, name="entities"),
    path("entities/new", entities.new_entity, name="new_entity"),
    path("entities/<str:entity_id>/", entities.entity, name="entity"),
    path("entities/<str:entity_id>/settings", entities.entity_settings, name="entity_settings"),
    path("entities/<str:entity_id>/delete", entities.delete_entity, name="delete_entity"),
    path("entities/<str:entity_id>/fields/<str:key>/", entities.field, name="field"),
    path("entities/<str:entity_id>/fields/<str:key>/move", entities.move_field, name="move_field"),
    path("entities/<str:entity_id>/fields/<str:key>/delete", entities.delete_field, name="delete_field"),
    path("profiles/", profiles.profiles, name="profiles"),
    path("profiles/new", profiles.new_profile, name="new_profile"),
    path("profiles/<str:profile_id>/", profiles.profile, name="profile"),
    path("profiles/<str:profile_id>/backtest", backtest.profile_backtest, name="profile_backtest"),
    path("profiles/<str:profile_id>/history", profiles.profile_history, name="profile_history"),
    path("profiles/<str:profile_id>/delete", profiles.delete_profile, name="delete_profile"),
    path("profiles/<str:profile_id>/partners/", assignments.profile_partners, name="profile_partners"),
    path("profiles/<str:profile_id>/partners/new", assignments.new_assignment, name="new_assignment"),
    path("profiles/<str:profile_id>/partners/<str:assignment_id>/", assignments.assignment, name="assignment"),
    path("profiles/<str:profile_id>/partners/<str:assignment_id>/delete", assignments.delete_assignment, name="delete_assignment"),
    path("assignments/<str:assignment_id>/", assignments.assignment_by_id, name="assignment_by_id"),
    path("partners/", partners.partners, name="partners"),
    path("partners/new", partners.new_partner, name="new_partner"),
    path("partners/<str:partner_id>/", partners.partner, name="partner"),
    path("partners/<str:partner_id>/edit", partners.edit_partner, name="edit_partner"),
    path("partners/<str:partner_id>/delete", partners.delete_partner, name="delete_partner"),
]
