"""Routes of the courses' REST surface, below `/api/v1/`."""

from django.urls import path

from courses import media
from courses.views import catalogue, learning

urlpatterns = [
    path("subjects/", catalogue.SubjectListView.as_view(), name="subjects"),
    path("courses/", catalogue.CourseListView.as_view(), name="courses"),
    path("courses/<slug:slug>/", catalogue.CourseView.as_view(), name="course"),
    path("courses/<slug:slug>/outline/", catalogue.OutlineView.as_view(), name="outline"),
    path("enrollments/", learning.EnrollmentListView.as_view(), name="enrollments"),
    path("sessions/", learning.SessionListView.as_view(), name="sessions"),
    path("sessions/<int:pk>/", learning.SessionView.as_view(), name="session"),
    path("items/<int:pk>/file/", media.ItemFileView.as_view(), name="item-file"),
    path("items/<int:pk>/captions/", media.ItemCaptionsView.as_view(), name="item-captions"),
]
