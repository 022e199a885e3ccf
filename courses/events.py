"""What the domain announces (see `users/events.py`): facts, told inside the transaction that makes them true."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

EndCause = Literal["paused", "removed", "archived", "restricted"]
"""Why a place is not the learner's any more, though they did not give it up: paused or removed by the owner or staff;
the course was archived; it is restricted now, and its queue has ended."""


@dataclass(frozen=True)
class SessionsChanged:
    """Somebody else opened or closed these learning sessions, or their access ended: whoever holds them must look."""

    session_ids: tuple[int, ...]


@dataclass(frozen=True)
class LearningChanged:
    """Who watches sees something else of these enrolments: a session is live again or ended, help is asked for."""

    enrollment_ids: tuple[int, ...]


@dataclass(frozen=True)
class SessionsSettled:
    """Learning sessions of these enrolments have ended, and all their time is in the ledger."""

    enrollment_ids: tuple[int, ...]


@dataclass(frozen=True)
class CourseChanged:
    """The state, the kind of enrolment or the capacity of the course is another one now. `actor_id`: whose doing that
    is; None where nobody said so."""

    course_id: int
    actor_id: int | None


@dataclass(frozen=True)
class CertificatesEnabled:
    """The course gives certificates from now on; who has completed it has none yet."""

    course_id: int


@dataclass(frozen=True)
class OutlineChanged:
    """Contents of the course were added, archived, brought back, moved, changed or deleted: who learns there may be
    further now, or less far."""

    course_id: int


@dataclass(frozen=True)
class RequiredTimeReached:
    """The engaged time of learners with time based contents has come to what these ask for.

    `reached` are pairs of an enrolment, which is locked, and a content.
    """

    reached: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Place:
    """Something about one learner's place in one course. Base of the events below."""

    course_id: int
    student_id: int


@dataclass(frozen=True)
class EnrollmentRequested(Place):
    """The learner asks for a seat, and the course's owner decides."""

    enrollment_id: int


@dataclass(frozen=True)
class EnrollmentConfirmed(Place):
    """The learner has a seat: taken, or accepted. `was_given`: by somebody else, or given back after a pause."""

    enrollment_id: int
    was_given: bool = False


@dataclass(frozen=True)
class EnrollmentApproved(Place):
    """The learner's request was granted."""

    enrollment_id: int


@dataclass(frozen=True)
class EnrollmentRejected(Place):
    """The learner's request was turned down."""

    enrollment_id: int
    reason: str


@dataclass(frozen=True)
class EnrollmentEnded(Place):
    """Somebody other than the learner ended the enrolment, the request or the place in the queue, or paused it.

    `reason` is theirs, in their words; there may be none. Without an enrolment it was a place in the queue.
    """

    enrollment_id: int | None
    cause: EndCause
    reason: str = ""


@dataclass(frozen=True)
class ProgressChanged(Place):
    """The learner's progress has a new revision."""

    enrollment_id: int


@dataclass(frozen=True)
class ModuleCompleted(Place):
    """The learner has completed every content of the module. Told once for each enrolment and module."""

    enrollment_id: int
    module_id: int


@dataclass(frozen=True)
class CourseCompleted(Place):
    """The learner has completed the course: the enrolment, whose row is locked, is `completed`. Told once for each."""

    enrollment_id: int


@dataclass(frozen=True)
class CertificateIssued(Place):
    """The learner has a certificate of the course, under this code."""

    enrollment_id: int
    code: str


@dataclass(frozen=True)
class HelpRequested(Place):
    """The learner asks for help, in these words; there may be none."""

    enrollment_id: int
    text: str


@dataclass(frozen=True)
class Nudged(Place):
    """Somebody who may watch the course has a word for the learner."""

    enrollment_id: int
    text: str


@dataclass(frozen=True)
class WaitlistJoined(Place):
    """The learner is in the queue."""


@dataclass(frozen=True)
class WaitlistOffered(Place):
    """A seat is kept for the learner until `expires_at`."""

    expires_at: datetime


@dataclass(frozen=True)
class WaitlistOfferExpired(Place):
    """The learner did not take the seat in time, and is no longer in the queue."""


@dataclass(frozen=True)
class WaitlistMoved:
    """The queue of a course changed: positions in it, or who is offered a seat. Told once for each transaction.

    `left` are those who are not in it any more.
    """

    course_id: int
    left: tuple[int, ...] = ()
