"""The pages of accounts, under /a/<slug>/."""

from django.urls import URLPattern, path

from accounts.dashboard import alerts, api_keys, audit, jobs, settings, team

urlpatterns: list[URLPattern] = [
    path("api-keys/", api_keys.api_keys, name="api_keys"),
    path("api-keys/<str:key_id>/revoke", api_keys.revoke_api_key, name="revoke_api_key"),
    path("team/", team.team, name="team"),
    path("team/<str:member_id>/role", team.change_role, name="team_role"),
    path("team/<str:member_id>/remove", team.remove, name="team_remove"),
    path("team/invitations/<str:invitation_id>/again", team.send_again, name="invitation_again"),
    path("team/invitations/<str:invitation_id>/revoke", team.revoke, name="invitation_revoke"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export", audit.export_audit, name="export_audit"),
    path("settings/", settings.settings, name="settings"),
    path("jobs/<str:job_id>/", jobs.job, name="job"),
    path("jobs/<str:job_id>/cancel", jobs.cancel_job, name="cancel_job"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<str:alert_id>/read", alerts.read, name="read_alert"),
]
