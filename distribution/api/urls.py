from django.urls import path

from distribution.api.entities import EntityDetail, EntityList
from distribution.api.partners import PartnerList
from distribution.api.profiles import AssignmentDetail, AssignmentList, ProfileDetail, ProfileList

urlpatterns = [
    path("entities", EntityList.as_view()),
    path("entities/<str:id>", EntityDetail.as_view()),
    path("partners", PartnerList.as_view()),
    path("profiles", ProfileList.as_view()),
    path("profiles/<str:id>", ProfileDetail.as_view()),
    path("profiles/<str:profile_id>/assignments", AssignmentList.as_view()),
    path("profiles/<str:profile_id>/assignments/<str:id>", AssignmentDetail.as_view()),
]
