from django.urls import path

from accounts.api.alerts import AlertList, AlertRead
from accounts.api.api_keys import ApiKeyDetail, ApiKeyList
from accounts.api.audit import AuditList
from accounts.api.invitations import InvitationDetail, InvitationList
from accounts.api.jobs import JobCancel, JobDetail, JobList
from accounts.api.members import MemberDetail, MemberList

urlpatterns = [
    path("members", MemberList.as_view()),
    path("members/<str:id>", MemberDetail.as_view()),
    path("invitations", InvitationList.as_view()),
    path("invitations/<str:id>", InvitationDetail.as_view()),
    path("api-keys", ApiKeyList.as_view()),
    path("api-keys/<str:id>", ApiKeyDetail.as_view()),
    path("jobs", JobList.as_view()),
    path("jobs/<str:id>", JobDetail.as_view()),
    path("jobs/<str:id>/cancel", JobCancel.as_view()),
    path("alerts", AlertList.as_view()),
    path("alerts/<str:id>/read", AlertRead.as_view()),
    path("audit", AuditList.as_view()),
]
