from django.urls import path

from intake.api.bulk import BulkView
from intake.api.imports import ImportCancel, ImportDetail, ImportFaultyRowsFile, ImportList, ImportStart, ImportTrial
from intake.api.redistribution import LeadRedistribution
from intake.api.views import IntakeView

urlpatterns = [
    path("intake", IntakeView.as_view(), name="intake"),
    path("leads/bulk", BulkView.as_view(), name="intake-bulk"),
    path("leads/<str:id>/redistribute", LeadRedistribution.as_view()),
    path("imports", ImportList.as_view()),
    path("imports/<str:id>", ImportDetail.as_view()),
    path("imports/<str:id>/preview", ImportTrial.as_view()),
    path("imports/<str:id>/start", ImportStart.as_view()),
    path("imports/<str:id>/cancel", ImportCancel.as_view()),
    path("imports/<str:id>/faulty.csv", ImportFaultyRowsFile.as_view()),
]
