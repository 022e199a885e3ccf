"""What a closed account means for courses, and what this room holds on people."""

from courses import enrollment
from courses.models import (
    Certificate,
    Content,
    ContentItem,
    ContentProgress,
    Course,
    CourseEnrollment,
    CourseWaitlist,
    EnrollmentEvent,
    File,
    FocusSpan,
    Image,
    ItemProgress,
    LearningSession,
    Module,
    ModuleProgress,
    Text,
    Video,
)
from users.errors import DomainError
from users.events import AccountClosing
from users.personal_data import PersonalData, register


class OwnsCourses(DomainError):
    """Courses outlive their owner: others learn in them."""

    code = "owns_courses"
    status = 409
    default_message = "You own courses. Hand them over to somebody first: staff can do that."


def give_up_places(event: AccountClosing) -> None:
    """Withdraw the learner everywhere, by the rules of seats. What they learned stays.

    Locks what `enrollment.leave_all` does. Raises OwnsCourses.
    """
    if Course.objects.filter(owner=event.user_id).exists():
        raise OwnsCourses
    enrollment.leave_all(event.user_id)


def name_personal_data() -> None:
    register(
        PersonalData(
            name="enrollments",
            model=CourseEnrollment,
            owner="student",
            hidden=("approved_by",),
            besides=("course__title",),
            at_close={"rejection_reason": ""},
        ),
        PersonalData(
            name="enrollment_history",
            model=EnrollmentEvent,
            owner="student",
            hidden=("actor",),
            besides=("course__title",),
            at_close={"reason": ""},
        ),
        PersonalData(name="waitlist", model=CourseWaitlist, owner="student", besides=("course__title",)),
        PersonalData(
            name="content_progress",
            model=ContentProgress,
            owner="enrollment__student",
            besides=("content__title",),
        ),
        PersonalData(
            name="module_progress",
            model=ModuleProgress,
            owner="enrollment__student",
            besides=("module__title",),
        ),
        PersonalData(
            name="item_progress",
            model=ItemProgress,
            owner="enrollment__student",
            besides=("item__content__title",),
        ),
        PersonalData(
            name="certificates",
            model=Certificate,
            owner="enrollment__student",
            besides=("enrollment__course__title",),
        ),
        PersonalData(
            name="learning_sessions",
            model=LearningSession,
            owner="user",
            besides=("enrollment__course__title", "content__title"),
            traces={"ip_address": None, "user_agent": ""},
            since="started_at",
        ),
        PersonalData(name="focus_spans", model=FocusSpan, owner="enrollment__student"),
        # What somebody did as an instructor or on the staff; whom they did it to is hidden.
        PersonalData(
            name="approvals",
            model=CourseEnrollment,
            owner="approved_by",
            hidden=tuple(
                column.name
                for column in CourseEnrollment._meta.concrete_fields
                if column.name not in ("course", "approved_at")
            ),
            besides=("course__title",),
        ),
        PersonalData(
            name="enrollment_decisions",
            model=EnrollmentEvent,
            owner="actor",
            hidden=("student",),
            besides=("course__title",),
        ),
        PersonalData(name="courses", model=Course, owner="owner"),
        PersonalData(name="modules", model=Module, owner="course__owner"),
        PersonalData(name="contents", model=Content, owner="module__course__owner"),
        PersonalData(name="content_items", model=ContentItem, owner="content__module__course__owner"),
        *(
            PersonalData(name=f"{model._meta.model_name}_items", model=model, owner="owner")
            for model in (Text, Image, Video, File)
        ),
    )
