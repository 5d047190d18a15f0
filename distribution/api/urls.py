from django.urls import path

from distribution.api.backtest import Backtest
from distribution.api.entities import EntityDetail, EntityList
from distribution.api.partners import PartnerList, PartnerUsage
from distribution.api.profiles import AssignmentDetail, AssignmentList, ProfileDetail, ProfileList
from distribution.api.retention import RetentionPreview, RetentionRun
from distribution.api.rules import EntityUses, RuleCheck

urlpatterns = [
    path("entities", EntityList.as_view()),
    path("entities/<str:id>", EntityDetail.as_view()),
    path("entities/<str:id>/uses", EntityUses.as_view()),
    path("entities/<str:id>/retention", RetentionPreview.as_view()),
    path("entities/<str:id>/retention/run", RetentionRun.as_view()),
    path("partners", PartnerList.as_view()),
    path("partners/<str:id>/usage", PartnerUsage.as_view()),
    path("profiles", ProfileList.as_view()),
    path("profiles/<str:id>", ProfileDetail.as_view()),
    path("profiles/<str:id>/backtest", Backtest.as_view()),
    path("profiles/<str:profile_id>/assignments", AssignmentList.as_view()),
    path("profiles/<str:profile_id>/assignments/<str:id>", AssignmentDetail.as_view()),
    path("rules/check", RuleCheck.as_view()),
]
