"""Routes of the courses' REST surface, below `/api/v1/`."""

from django.urls import path

from courses import media
from courses.views import authoring, catalogue, learning, progress, seats

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
    path("courses/<slug:slug>/publish/", authoring.PublishView.as_view(), name="publish"),
    path("courses/<slug:slug>/archive/", authoring.ArchiveView.as_view(), name="archive"),
    path("courses/<slug:slug>/modules/", authoring.ModuleListView.as_view(), name="modules"),
    path("courses/<slug:slug>/modules/order/", authoring.ModuleOrderView.as_view(), name="module-order"),
    path("modules/<int:pk>/", authoring.ModuleView.as_view(), name="module"),
    path("modules/<int:pk>/contents/", authoring.ContentListView.as_view(), name="contents"),
    path("modules/<int:pk>/contents/order/", authoring.ContentOrderView.as_view(), name="content-order"),
    path("contents/<int:pk>/", authoring.ContentView.as_view(), name="content"),
    path("contents/<int:pk>/complete/", progress.CompleteView.as_view(), name="complete"),
    path("contents/<int:pk>/items/", authoring.ItemListView.as_view(), name="items"),
    path("contents/<int:pk>/items/order/", authoring.ItemOrderView.as_view(), name="item-order"),
    path("items/<int:pk>/", authoring.ItemView.as_view(), name="item"),
    path("enrollments/", learning.EnrollmentListView.as_view(), name="enrollments"),
    path("enrollments/<int:pk>/progress/", progress.EnrollmentProgressView.as_view(), name="enrollment-progress"),
    path("progress/", learning.ProgressListView.as_view(), name="progress"),
    path("sessions/", learning.SessionListView.as_view(), name="sessions"),
    path("sessions/<int:pk>/", learning.SessionView.as_view(), name="session"),
    path("items/<int:pk>/file/", media.ItemFileView.as_view(), name="item-file"),
    path("items/<int:pk>/captions/", media.ItemCaptionsView.as_view(), name="item-captions"),
]
