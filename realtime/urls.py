"""What of realtime goes over plain HTTP, below `/api/v1/`."""

from django.urls import path

from realtime.views.calls import CallsView
from realtime.views.notifications import NotificationListView, NotificationsSeenView
from realtime.views.samples import SamplesView

urlpatterns = [
    path("courses/<slug:slug>/calls/", CallsView.as_view(), name="calls"),
    path("sessions/<str:key>/samples/", SamplesView.as_view(), name="samples"),
    path("notifications/", NotificationListView.as_view(), name="notifications"),
    path("notifications/seen/", NotificationsSeenView.as_view(), name="notifications-seen"),
]
