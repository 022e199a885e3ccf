"""Making courses: what their owners and staff write of a course, its modules, contents and items.

Every function that changes something locks the course first and reads after that: siblings are numbered without a
hole, and a published course keeps its last module. What changes what there is to complete is announced as
`OutlineChanged`. What somebody learned with is not deleted but archived (docs/decisions/0011). Whom a caller may write
for is decided by the `authored_…` queries; nothing here asks again.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.core.files import File as UploadedFile
from django.core.files.storage import Storage
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.utils import timezone

from courses.errors import AccountClosed, HasRecords, Invalid, NoModules, NotAnAuthor, NotFound, OrderMismatch, TooMany
from courses.events import OutlineChanged
from courses.models import (
    CompletionMethod,
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
    ItemBase,
    LearningSession,
    Module,
    Text,
    Video,
)
from courses.seats import lock_accounts
from users.events import announce
from users.models import User

MODULES_A_COURSE = 200
CONTENTS_A_MODULE = 200
ITEMS_A_CONTENT = 100

KINDS: dict[str, type[ItemBase]] = {"text": Text, "image": Image, "video": Video, "file": File}

M = TypeVar("M", bound=Model)


# Whose -----------------------------------------------------------------------------------------------------------


def authored_courses(user: User) -> QuerySet[Course]:
    """The courses that this user writes: their own, and as staff all."""
    return _authored(Course.objects.all(), user, owner="owner")


def authored_modules(user: User) -> QuerySet[Module]:
    return _authored(Module.objects.select_related("course"), user, owner="course__owner")


def authored_contents(user: User) -> QuerySet[Content]:
    return _authored(Content.objects.select_related("module__course"), user, owner="module__course__owner")


def authored_items(user: User) -> QuerySet[ContentItem]:
    """The places of the items, and in each its item."""
    places = ContentItem.objects.select_related("content__module__course", "content_type").prefetch_related("item")
    return _authored(places, user, owner="content__module__course__owner")


def _authored(rows: QuerySet[M], user: User, *, owner: str) -> QuerySet[M]:
    return rows if user.is_staff else rows.filter(**{owner: user})


# Courses ---------------------------------------------------------------------------------------------------------


def create_course(*, owner: User, **fields: Any) -> Course:
    """A new draft. Locks the owner's account, which closes only while it owns no course.

    Raises NotAnAuthor, AccountClosed, Invalid when the slug is taken.
    """
    if not (owner.is_staff or owner.role == User.Role.INSTRUCTOR):
        raise NotAnAuthor
    with transaction.atomic():
        if not lock_accounts([owner.pk]):
            raise AccountClosed
        course = Course(owner=owner, **fields)
        _save_with_slug(course, owner)
        return course


def change_course(*, course: Course, actor: User | None = None, **fields: Any) -> Course:
    """Locks the course. Raises Invalid: a slug that is taken, or that learners know the course by."""
    with transaction.atomic():
        course = _locked(Course, course.pk)
        if fields.get("slug", course.slug) != course.slug and course.published_at is not None:
            raise Invalid(slug="It stays as it is: learners know the course by it.")
        _set(course, fields)
        _save_with_slug(course, actor)
        return course


def set_status(*, course: Course, status: Course.Status, actor: User | None = None) -> Course:
    """Publish, or archive. Archived, a course can be published again; a draft it is only before the first time.

    Locks the course. Raises NoModules.
    """
    with transaction.atomic():
        course = _locked(Course, course.pk)
        if status == Course.Status.PUBLISHED and not course.modules.exists():
            raise NoModules("Add a module first: a published course has at least one.")
        if course.status != status:
            course.status = status
            course.save(update_fields=["status"], actor=actor)
        return course


def delete_course(*, course: Course) -> None:
    """Delete it with all that it is made of. Locks the course. Raises HasRecords where anybody ever took part."""
    with transaction.atomic():
        course = _locked(Course, course.pk)
        for kind in (CourseEnrollment, CourseWaitlist, EnrollmentEvent):
            if kind._default_manager.filter(course=course).exists():
                raise HasRecords("Learners have taken part in this course: archive it instead.")
        course.delete()


# Modules ---------------------------------------------------------------------------------------------------------


def add_module(*, course: Course, **fields: Any) -> Module:
    """A new module, after the last. Locks the course. Raises TooMany."""
    with transaction.atomic():
        course = _locked(Course, course.pk)
        _room_for_one(course.modules.all(), MODULES_A_COURSE)
        return Module.objects.create(course=course, **fields)


def change_module(*, module: Module, **fields: Any) -> Module:
    """Locks the course."""
    with transaction.atomic():
        _locked(Course, module.course_id)
        module = _locked(Module, module.pk)
        _set(module, fields)
        module.save()
        return module


def delete_module(*, module: Module) -> None:
    """Delete it with its contents. Locks the course, then its enrolments. Raises HasRecords, NoModules."""
    with transaction.atomic():
        course = _locked(Course, module.course_id)
        module = _locked(Module, module.pk)
        if course.status == Course.Status.PUBLISHED and not course.modules.exclude(pk=module.pk).exists():
            raise NoModules
        _refuse_recorded(
            module.contents.all(), course.pk, "Learners have worked in this module: archive its contents instead."
        )
        module.delete()
        number_anew(course.modules.all())
        announce(OutlineChanged(course.pk))


# Contents --------------------------------------------------------------------------------------------------------


def add_content(*, module: Module, **fields: Any) -> Content:
    """A new content, after the last of its module. Locks the course. Raises TooMany, Invalid."""
    with transaction.atomic():
        _locked(Course, module.course_id)
        module = _locked(Module, module.pk)
        _room_for_one(module.contents.all(), CONTENTS_A_MODULE)
        return _save_content(Content(module=module), fields)


def change_content(*, content: Content, **fields: Any) -> Content:
    """`archived` takes it out of the outline, or back in; `module_id` moves it to another module of its course, behind
    the last content there. Locks the course. Raises Invalid, TooMany."""
    with transaction.atomic():
        course = _locked(Course, content.module.course_id)
        content = _locked(Content, content.pk)
        left = content.module_id
        if fields.get("module_id", left) != left:
            module = course.modules.filter(pk=fields["module_id"]).first()
            if module is None:
                raise Invalid(module="Its course has no such module.")
            _room_for_one(module.contents.all(), CONTENTS_A_MODULE)
            fields["order"] = None
        content = _save_content(content, fields)
        if content.module_id != left:
            number_anew(Content.objects.filter(module=left))
        return content


def delete_content(*, content: Content) -> None:
    """Delete it with its items. Locks the course, then its enrolments. Raises HasRecords."""
    with transaction.atomic():
        course = _locked(Course, content.module.course_id)
        content = _locked(Content, content.pk)
        contents = Content.objects.filter(pk=content.pk)
        _refuse_recorded(contents, course.pk, "Learners have worked on this content: archive it instead.")
        content.delete()
        number_anew(Content.objects.filter(module=content.module_id))
        announce(OutlineChanged(course.pk))


def _save_content(content: Content, fields: dict[str, Any]) -> Content:
    archived = fields.pop("archived", None)
    if archived is not None and archived != (content.archived_at is not None):
        content.archived_at = timezone.now() if archived else None
    _set(content, fields)
    if content.completion_method == CompletionMethod.TIME_BASED:
        if not content.required_seconds:
            raise Invalid(required_seconds="A time based content says how many seconds complete it.")
    elif "completion_method" in fields and "required_seconds" not in fields:
        content.required_seconds = None
    elif content.required_seconds is not None:
        raise Invalid(required_seconds="Only a time based content has required seconds.")
    content.save()
    announce(OutlineChanged(content.module.course_id))
    return content


# Items -----------------------------------------------------------------------------------------------------------


def add_item(*, content: Content, kind: type[ItemBase], **fields: Any) -> ContentItem:
    """A new item, after the last of this content. Its files are stored first, so that no lock waits for them.

    Locks the course. Raises TooMany.
    """
    with _stored(kind, fields) as stored, transaction.atomic():
        course = _locked(Course, content.module.course_id)
        content = _locked(Content, content.pk)
        _room_for_one(content.items.all(), ITEMS_A_CONTENT)
        item = kind._default_manager.create(owner_id=course.owner_id, **stored)
        return ContentItem.objects.create(content=content, item=item)


def change_item(*, place: ContentItem, **fields: Any) -> ContentItem:
    """Change the item at this place; a new file replaces the old one. Locks the course."""
    kind = KINDS[place.kind]
    with _stored(kind, fields) as stored, transaction.atomic():
        _locked(Course, place.content.module.course_id)
        place = _locked(ContentItem, place.pk)
        item = _locked(kind, place.object_id)
        _set(item, stored)
        item.save()
        place.item = item
        return place


def delete_item(*, place: ContentItem) -> None:
    """Delete the item with its place and, after the commit, its files. Locks the course. Announces `OutlineChanged`."""
    with transaction.atomic():
        course = _locked(Course, place.content.module.course_id)
        _locked(ContentItem, place.pk).delete()
        number_anew(ContentItem.objects.filter(content=place.content_id))
        announce(OutlineChanged(course.pk))


@contextmanager
def _stored(kind: type[ItemBase], fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields, with the names of their files, which are in the storage; out of it again when what follows fails."""
    stored = dict(fields)
    names: list[tuple[Storage, str]] = []
    try:
        for name, value in fields.items():
            if isinstance(value, UploadedFile):
                field: Any = kind._meta.get_field(name)
                path = field.generate_filename(None, value.name)
                stored[name] = field.storage.save(path, value, max_length=field.max_length)
                names.append((field.storage, stored[name]))
        yield stored
    except BaseException:
        for storage, path in names:
            storage.delete(path)
        raise


# Orders ----------------------------------------------------------------------------------------------------------


def order_modules(*, course: Course, ids: Sequence[int]) -> None:
    """Locks the course. Raises OrderMismatch."""
    with transaction.atomic():
        _number(_locked(Course, course.pk).modules.all(), ids)


def order_contents(*, module: Module, ids: Sequence[int]) -> None:
    """The archived ones have their number too. Locks the course. Raises OrderMismatch."""
    with transaction.atomic():
        _locked(Course, module.course_id)
        _number(module.contents.all(), ids)


def order_items(*, content: Content, ids: Sequence[int]) -> None:
    """Locks the course. Raises OrderMismatch."""
    with transaction.atomic():
        _locked(Course, content.module.course_id)
        _number(content.items.all(), ids)


def _number(siblings: QuerySet[Any], ids: Sequence[int]) -> None:
    by_id = siblings.in_bulk()
    if len(ids) != len(by_id) or set(ids) != set(by_id):
        raise OrderMismatch
    _number_as_listed([by_id[pk] for pk in ids])


def number_anew(siblings: QuerySet[Any]) -> None:
    """Number them 1, 2, 3, … in their order; of two with the same number the older one comes first."""
    _number_as_listed(list(siblings.order_by("order", "pk")))


def _number_as_listed(siblings: Sequence[Any]) -> None:
    moved = []
    for number, one in enumerate(siblings, start=1):
        if one.order != number:
            one.order = number
            moved.append(one)
    if moved:
        type(moved[0])._default_manager.bulk_update(moved, ["order"])  # uniqueness is judged at the commit


# What they have in common ----------------------------------------------------------------------------------------


def _locked(model: type[M], pk: int) -> M:
    """The row, locked. Raises NotFound when it is gone."""
    row = model._default_manager.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        raise NotFound
    return row


def _set(row: Model, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(row, name, value)


def _save_with_slug(course: Course, actor: User | None) -> None:
    try:
        with transaction.atomic():
            course.save(actor=actor)
    except IntegrityError:
        if not Course.objects.filter(slug=course.slug).exclude(pk=course.pk).exists():
            raise
        raise Invalid(slug="Another course has this slug.") from None


def _room_for_one(siblings: QuerySet[Any], most: int) -> None:
    if siblings.count() >= most:
        raise TooMany(f"There are {most} already, and that is the most.")


def _refuse_recorded(contents: QuerySet[Content], course_id: int, message: str) -> None:
    """Raises HasRecords if anybody has learned with these contents.

    Whoever begins a record locks the learner's enrolment first, and reads after. So with all enrolments of the course
    locked there is nobody on the way: a foreign key is judged only at the commit, which is too late for both.
    """
    enrollments = CourseEnrollment.objects.filter(course=course_id).order_by("pk")
    list(enrollments.select_for_update(no_key=True).values_list("pk", flat=True))
    for kind in (LearningSession, ContentProgress, FocusSpan):
        if kind._default_manager.filter(content__in=contents).exists():
            raise HasRecords(message)
