from django.urls import path

from benchmarks.usual.intake import IntakeView
from leadflip.health import healthz

urlpatterns = [path("healthz", healthz), path("api/intake", IntakeView.as_view())]
