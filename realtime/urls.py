"""What of realtime goes over plain HTTP, below `/api/v1/`."""

from django.urls import path

from realtime.views import SamplesView

urlpatterns = [path("sessions/<str:key>/samples/", SamplesView.as_view(), name="samples")]
