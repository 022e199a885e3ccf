"""Many learners at once: the owner's list of user names and addresses, from a CSV file or as it is.

All of them get a seat, or nobody, and every line that can't be is named. An address counts only when it is verified:
anybody may write somebody else's into their account.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from courses import seats
from courses.enrollment import admit_all
from courses.errors import ImportRefused
from courses.models import Course, CourseEnrollment
from courses.seats import Seats
from users.models import User

MOST_BYTES = 512 * 1024
MOST_LINES = 2_000
MOST_CHARACTERS = 254
"""The longest e-mail address there is; user names are shorter."""
MOST_ERRORS = 100

HEADINGS = re.compile(r"\s*(user[ _-]?name|e-?mail)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Line:
    """What a line asks for. `number` counts from 1, in the file or the list."""

    number: int
    learner: str


def enroll_all(*, course: Course, lines: Sequence[Line], actor: User, dry_run: bool = False) -> list[str]:
    """Give every one of these learners a seat; their user names. With `dry_run` it judges, and takes it all back.

    Whoever asked for a seat gets it, whoever waits leaves the queue. Locks the accounts, the course, then the
    enrolments. Announces `EnrollmentConfirmed` or `EnrollmentApproved` for each. Raises ImportRefused, CourseClosed.
    """
    if not lines:
        raise ImportRefused("There is nobody in this list.")
    if len(lines) > MOST_LINES:
        raise ImportRefused(f"line {lines[MOST_LINES].number}: a list has at most {MOST_LINES} learners.")
    with transaction.atomic():
        seats.lock_accounts([user.pk for user in _named(lines)])
        with seats.locked(course.pk) as held:
            students = _judged(held, lines)
            admit_all(held, students=students, actor=actor)
        transaction.set_rollback(dry_run)
    return [student.username for student in students]


def _named(lines: Sequence[Line]) -> "QuerySet[Any]":
    """Whoever has one of these names, as names are kept, or one of these addresses as their `address`."""
    asked = {User.normalize_username(line.learner) for line in lines}
    addresses = {line.learner.lower() for line in lines if "@" in line.learner}
    named_so = User.objects.annotate(address=Lower("email"))
    return named_so.filter(Q(username__in=asked) | Q(address__in=addresses))


def _judged(held: Seats, lines: Sequence[Line]) -> list[User]:
    """Whom the lines name, each of whom can be given a seat. Raises ImportRefused."""
    people = list(_named(lines))
    by_name = {user.username: user for user in people}
    by_address = {user.address: user for user in people if user.address}
    enrollments = CourseEnrollment.objects.filter(course=held.course, student__in=people)
    rows = {row.student_id: row for row in enrollments}
    offers = set(held.queue.offered().filter(student__in=people).values_list("student", flat=True))
    free = held.free()
    students: dict[int, int] = {}  # by line
    found: list[User] = []
    errors: list[dict[str, object]] = []

    def refuse(line: Line, code: str, detail: str) -> None:
        if len(errors) < MOST_ERRORS:
            errors.append({"line": line.number, "learner": line.learner, "code": code, "detail": detail})

    for line in lines:
        named = by_name.get(User.normalize_username(line.learner))
        addressed = by_address.get(line.learner.lower()) if "@" in line.learner else None
        if addressed is not None and not addressed.email_verified:
            if named is None:
                refuse(line, "unverified", f"The address {line.learner} is not verified. Ask for the user name.")
                continue
            addressed = None
        if named is not None and addressed is not None and named.pk != addressed.pk:
            refuse(line, "ambiguous", f"{line.learner} is the user name of one and the address of another.")
            continue
        student = named or addressed
        if student is None or not student.is_active:
            refuse(line, "unknown", f"Nobody here has the user name or verified address {line.learner}.")
            continue
        row = rows.get(student.pk)
        if student.pk in students:
            refuse(line, "repeated", f"{line.learner} is on line {students[student.pk]} already.")
        elif student.pk == held.course.owner_id:
            refuse(line, "owner", f"{line.learner} owns the course.")
        elif row is not None and row.status in CourseEnrollment.SEATED:
            refuse(line, "already_enrolled", f"{line.learner} is {row.get_status_display().lower()} already.")
        else:
            has_seat = student.pk in offers or (row is not None and row.holds_seat)
            if free is not None and not has_seat:
                if free == 0:
                    refuse(line, "over_capacity", f"There is no seat left for {line.learner}.")
                    continue
                free -= 1
            students[student.pk] = line.number
            found.append(student)
    if errors:
        first = errors[0]
        raise ImportRefused(f"line {first['line']}: {first['detail']} Nobody was enrolled.", lines=errors)
    return found


def lines_of_list(learners: Sequence[str]) -> list[Line]:
    """One line for each item of a list; raises ImportRefused for an empty one."""
    lines = [Line(number, learner.strip()) for number, learner in enumerate(learners, start=1)]
    for line in lines:
        if not line.learner:
            raise ImportRefused(f"line {line.number}: there is no name here.")
    return lines


def lines_of_csv(data: bytes) -> list[Line]:
    """The learners of a CSV file: of its column called `username` or `email`, or else of its first one.

    UTF-8, with or without a byte-order mark; commas, semicolons or tabs. Raises ImportRefused.
    """
    if len(data) > MOST_BYTES:
        raise ImportRefused(f"A list holds at most {MOST_BYTES // 1024} KiB.")
    text = _decoded(data)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[Line] = []
    column: int | None = None
    begins_at = 1
    try:
        for row in reader:
            number, begins_at = begins_at, reader.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if column is None:
                headings = [place for place, cell in enumerate(row) if HEADINGS.fullmatch(cell)]
                column = headings[0] if headings else 0
                if headings:
                    continue
            learner = row[column].strip() if column < len(row) else ""
            if not learner:
                raise ImportRefused(f"line {number}: there is no name in column {column + 1}.")
            if len(learner) > MOST_CHARACTERS:
                raise ImportRefused(f"line {number}: this is longer than any name or address.")
            lines.append(Line(number, learner))
            if len(lines) > MOST_LINES:
                raise ImportRefused(f"line {number}: a list has at most {MOST_LINES} learners.")
    except csv.Error as error:
        raise ImportRefused(f"line {reader.line_num}: this is no CSV: {error}.") from None
    return lines


def _decoded(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise ImportRefused(f"line {line}: this is not UTF-8. Save the file as “CSV UTF-8”.") from None
    if "\0" in text:
        line = text.partition("\0")[0].count("\n") + 1
        raise ImportRefused(f"line {line}: this is not UTF-8 text. Save the file as “CSV UTF-8”.")
    return text
