"""What is taught and who learns it. One file a noun; importable from here by name."""

from courses.models.catalogue import Admission, Course, Subject
from courses.models.content import (
    CompletionMethod,
    Content,
    ContentItem,
    File,
    Image,
    ItemBase,
    Module,
    Text,
    Video,
)
from courses.models.enrollment import Certificate, CourseEnrollment, CourseWaitlist, EnrollmentEvent
from courses.models.progress import ContentProgress, ItemProgress, ModuleProgress
from courses.models.session import FocusSpan, LearningSession

__all__ = [
    "Admission",
    "Certificate",
    "CompletionMethod",
    "Content",
    "ContentItem",
    "ContentProgress",
    "Course",
    "CourseEnrollment",
    "CourseWaitlist",
    "EnrollmentEvent",
    "File",
    "FocusSpan",
    "Image",
    "ItemBase",
    "ItemProgress",
    "LearningSession",
    "Module",
    "ModuleProgress",
    "Subject",
    "Text",
    "Video",
]
