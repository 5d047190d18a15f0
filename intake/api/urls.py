from django.urls import path

from intake.api.views import IntakeView

urlpatterns = [path("intake", IntakeView.as_view(), name="intake")]
