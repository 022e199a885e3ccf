"""`manage.py demo`: accounts and courses to try Studybeat with."""

from datetime import timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from courses import authoring, enrollment
from courses.models import Content, ContentItem, Course, File, Image, Module, Subject, Text, Video
from lms.demo import lessons, pictures
from users.models import InstructorProfile, StudentProfile, User

PASSWORD = "studybeat"  # noqa: S105 - the demo's, and never created in production


STUDENTS = {
    "ana": "Understand where my study hours go.",
    "ben": "Half an hour of reading every day.",
    "chidi": "Finish one course before the next.",
}


class Page(NamedTuple):
    """A content: its title, its text, and what it shows besides."""

    title: str
    body: str
    extra: str = ""


COURSES: list[tuple[dict[str, Any], list[tuple[str, str, list[Page]]]]] = [
    (
        {
            "slug": "intro-to-live-learning",
            "title": "Intro to live learning",
            "overview": "Where your learning time goes, how it is counted, and how to see it while you study.",
            "difficulty_level": Course.Difficulty.BEGINNER,
            "estimated_hours": 1,
            "certificate_enabled": True,
        },
        [
            (
                "Where the time goes",
                "What a second of learning is, and what it is not.",
                [
                    Page("A second of learning", lessons.SECOND),
                    Page("Three states of a page", lessons.STATES, "image"),
                    Page("Watch a session", lessons.WATCH, "video"),
                ],
            ),
            (
                "Counted once, and kept",
                "Tabs, tunnels and clocks: what makes a number one that you can rely on.",
                [
                    Page("Once, however many tabs", lessons.ONCE),
                    Page("When the line drops", lessons.TUNNEL),
                    Page("The rules to take away", lessons.TAKE_AWAY, "file"),
                ],
            ),
        ],
    ),
    (
        {
            "slug": "small-seminar",
            "title": "Small seminar",
            "overview": "One seat, one instructor, every question answered. Join the waitlist when it is taken.",
            "max_capacity": 1,
            "waitlist_enabled": True,
        },
        [("The seminar", "", [Page("One seat", lessons.SEMINAR)])],
    ),
    (
        {
            "slug": "mentored-project",
            "title": "Mentored project",
            "overview": "Four weeks on a question of your own, with somebody who reads what you write.",
            "enrollment_type": Course.EnrollmentType.APPROVAL,
        },
        [("The first week", "", [Page("Bring a question", lessons.MENTORED)])],
    ),
    (
        {
            "slug": "closed-circle",
            "title": "Closed circle",
            "overview": "A group that learns at the same hour, by invitation.",
            "enrollment_type": Course.EnrollmentType.RESTRICTED,
        },
        [("Together", "", [Page("An hour of the day", lessons.CIRCLE)])],
    ),
]


class Command(BaseCommand):
    help = "Create the demo's accounts and courses. Leaves alone what is there already."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo's password is known to everybody: it is created only when DEBUG is on.")
        students = [self.person(name, goal=goal) for name, goal in STUDENTS.items()]
        ines = self.person("ines", role=User.Role.INSTRUCTOR)
        self.person("admin", is_staff=True, is_superuser=True)
        subject, _ = Subject.objects.get_or_create(slug="learning", defaults={"title": "Learning to learn"})
        courses = [self.course(ines, subject, fields, modules) for fields, modules in COURSES]
        for student in students:
            if not student.student_enrollments.filter(course=courses[0]).exists():
                enrollment.enroll(course=courses[0], student=student)
        self.stdout.write(f"The demo is there: ana, ben, chidi, ines and admin; password {PASSWORD}.")

    def person(self, name: str, *, goal: str = "", **fields: Any) -> User:
        user, is_new = User.objects.get_or_create(
            username=name,
            defaults={
                "first_name": name.title(),
                "email": f"{name}@example.org",
                "email_verified": True,
                **fields,
            },
        )
        if is_new:
            user.set_password(PASSWORD)
            user.save(update_fields=["password"])
            if goal:
                StudentProfile.objects.create(user=user, goal=goal)
            if user.role == User.Role.INSTRUCTOR:
                InstructorProfile.objects.create(
                    user=user, title="Learning researcher", about="Measures how people learn, and tells them."
                )
        return user

    def course(
        self, owner: User, subject: Subject, fields: dict[str, Any], modules: list[tuple[str, str, list[Page]]]
    ) -> Course:
        course, is_new = Course.objects.get_or_create(
            slug=fields["slug"], defaults={"owner": owner, "subject": subject, **fields}
        )
        if is_new:
            for title, overview, pages in modules:
                module = Module.objects.create(course=course, title=title, overview=overview)
                for page in pages:
                    content = Content.objects.create(module=module, title=page.title)
                    for item in self.items(owner, page):
                        ContentItem.objects.create(content=content, item=item)
            authoring.set_status(course=course, status=Course.Status.PUBLISHED)
        return course

    def items(self, owner: User, page: Page) -> list[Text | Image | Video | File]:
        items: list[Text | Image | Video | File] = [Text.objects.create(owner=owner, title=page.title, body=page.body)]
        match page.extra:
            case "image":
                items.append(
                    Image.objects.create(
                        owner=owner,
                        title="The three states",
                        file=ContentFile(pictures.states_diagram(), "three-states.png"),
                        alt="Engaged turns to in focus after 60 seconds without input, and to away when the page"
                        " is hidden or loses the focus; input and a return lead back.",
                    )
                )
            case "video":
                items.append(
                    Video.objects.create(
                        owner=owner,
                        title="Four minutes of a session",
                        file=ContentFile(pictures.session_film(), "a-session.webm"),
                        captions=ContentFile(pictures.session_captions().encode(), "a-session.vtt"),
                        duration=timedelta(seconds=pictures.FILM_SECONDS),
                    )
                )
            case "file":
                items.append(
                    File.objects.create(
                        owner=owner,
                        title="How your learning time is counted (PDF)",
                        file=ContentFile(pictures.handout(), "how-learning-time-is-counted.pdf"),
                    )
                )
        return items
