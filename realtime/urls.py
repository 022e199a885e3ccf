"""What of realtime goes over plain HTTP, below `/api/v1/`."""

from django.urls import path

from realtime.views.notifications import NotificationListView, NotificationsSeenView
from realtime.views.samples import SamplesView

urlpatterns = [
    path("sessions/<str:key>/samples/", SamplesView.as_view(), name="samples"),
    path("notifications/", NotificationListView.as_view(), name="notifications"),
    path("notifications/seen/", NotificationsSeenView.as_view(), name="notifications-seen"),
]
