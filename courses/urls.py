"""Routes of the courses' REST surface, below `/api/v1/`."""

from django.urls import path

from courses import media
from courses.views import catalogue, learning, seats

urlpatterns = [
    path("subjects/", catalogue.SubjectListView.as_view(), name="subjects"),
    path("courses/", catalogue.CourseListView.as_view(), name="courses"),
    path("courses/<slug:slug>/", catalogue.CourseView.as_view(), name="course"),
    path("courses/<slug:slug>/outline/", catalogue.OutlineView.as_view(), name="outline"),
    path("courses/<slug:slug>/enroll/", seats.EnrollView.as_view(), name="enroll"),
    path("courses/<slug:slug>/withdraw/", seats.WithdrawView.as_view(), name="withdraw"),
    path("courses/<slug:slug>/waitlist/", seats.WaitlistView.as_view(), name="waitlist"),
    path("courses/<slug:slug>/waitlist/accept/", seats.AcceptView.as_view(), name="waitlist-accept"),
    path("courses/<slug:slug>/waitlist/decline/", seats.DeclineView.as_view(), name="waitlist-decline"),
    path("courses/<slug:slug>/waitlist/<int:pk>/", seats.WaitlistEntryView.as_view(), name="waitlist-entry"),
    path("courses/<slug:slug>/enrollments/", seats.CourseEnrollmentsView.as_view(), name="course-enrollments"),
    path("courses/<slug:slug>/enrollments/import/", seats.ImportView.as_view(), name="enrollments-import"),
    path("enrollments/<int:pk>/approve/", seats.ApproveView.as_view(), name="enrollment-approve"),
    path("enrollments/<int:pk>/reject/", seats.RejectView.as_view(), name="enrollment-reject"),
    path("enrollments/<int:pk>/pause/", seats.PauseView.as_view(), name="enrollment-pause"),
    path("enrollments/<int:pk>/resume/", seats.ResumeView.as_view(), name="enrollment-resume"),
    path("enrollments/<int:pk>/withdraw/", seats.EndView.as_view(), name="enrollment-withdraw"),
    path("enrollments/", learning.EnrollmentListView.as_view(), name="enrollments"),
    path("sessions/", learning.SessionListView.as_view(), name="sessions"),
    path("sessions/<int:pk>/", learning.SessionView.as_view(), name="session"),
    path("items/<int:pk>/file/", media.ItemFileView.as_view(), name="item-file"),
    path("items/<int:pk>/captions/", media.ItemCaptionsView.as_view(), name="item-captions"),
]
