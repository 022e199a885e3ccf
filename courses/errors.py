"""What the rules of courses say no to.

DomainError
├── NotFound            not_found           404
├── NotEnrolled         not_enrolled        403
├── NotYours            forbidden           403
├── AccountClosed       not_authenticated   401
├── RestrictedCourse    restricted          403
├── AlreadyEnrolled     already_enrolled    409
├── CourseClosed        course_closed       409
├── CourseFull          course_full         409   waitlist
├── CourseNotFull       course_not_full     409
├── NotWaiting          not_waiting         409
├── NoOffer             no_offer            409
├── OfferLapsed         offer_lapsed        409
├── MoveNotAllowed      move_not_allowed    409
├── ImportRefused       import_refused      400   lines
├── Invalid             invalid             400   fields
├── NotAnAuthor         forbidden           403
├── NoModules           no_modules          409
├── HasRecords          has_records         409
├── NotManual           forbidden           409
├── NotConsumed         bad_frame           400
├── TooMany             too_many            409
├── OrderMismatch       order_mismatch      409
├── OtherVersion        precondition_failed 412
├── KeyInUse            bad_frame           409
├── Gap                 gap                 409   expect
├── SessionClosed       session_closed      409   the fields of session.ack
├── TooManySessions     too_many_sessions   429   retry_after_ms
└── RateLimited         rate_limited        429   retry_after_ms
"""

from collections.abc import Mapping, Sequence
from typing import Any

from users.errors import DomainError


class NotFound(DomainError):
    code = "not_found"
    status = 404
    default_message = "There is nothing here, or it is not yours."


class NotEnrolled(DomainError):
    code = "not_enrolled"
    status = 403
    default_message = "You are not enrolled in this course."


class NotYours(DomainError):
    """It may be seen, and the move is its owner's."""

    code = "forbidden"
    status = 403
    default_message = "Only the owner of the course may do this."


class AccountClosed(DomainError):
    """Closed or disabled while this was asked for: it gets no place any more."""

    code = "not_authenticated"
    status = 401
    default_message = "This account was closed or disabled."


class RestrictedCourse(DomainError):
    """Its owner chooses who takes part."""

    code = "restricted"
    status = 403
    default_message = "You cannot enroll in this course yourself."


class AlreadyEnrolled(DomainError):
    """There is an enrolment already: enrolled, completed, paused, or waiting for approval."""

    code = "already_enrolled"
    status = 409
    default_message = "You are enrolled in this course already."


class CourseClosed(DomainError):
    """It is a draft or archived."""

    code = "course_closed"
    status = 409
    default_message = "This course is not open for enrollment."


class CourseFull(DomainError):
    """`waitlist` says whether the course has a queue to join."""

    code = "course_full"
    status = 409
    default_message = "All seats of this course are taken."

    def __init__(self, *, waitlist: bool) -> None:
        super().__init__(extra={"waitlist": waitlist})


class CourseNotFull(DomainError):
    """There is no queue to join: a seat is free."""

    code = "course_not_full"
    status = 409
    default_message = "There is a free seat: you can enroll at once."


class NotWaiting(DomainError):
    code = "not_waiting"
    status = 409
    default_message = "You are not in the waitlist of this course."


class NoOffer(DomainError):
    code = "no_offer"
    status = 409
    default_message = "No seat is offered to you at the moment."


class OfferLapsed(DomainError):
    """It was not taken in time, and the place in the queue went with it."""

    code = "offer_lapsed"
    status = 409
    default_message = "The offer has lapsed, and the seat went on to the next. You can join the waitlist again."


class MoveNotAllowed(DomainError):
    """The enrolment is in a state from which this move does not lead."""

    code = "move_not_allowed"
    status = 409


class ImportRefused(DomainError):
    """Nobody was enrolled. `lines` says of each line why it can't be: `{"line", "learner", "code", "detail"}`."""

    code = "import_refused"
    status = 400

    def __init__(self, message: str, *, lines: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message, extra={"lines": list(lines)})


class Invalid(DomainError):
    """A field that only the domain can judge. Answered as what a serializer refuses."""

    code = "invalid"

    def __init__(self, **fields: str) -> None:
        name, message = next(iter(fields.items()))
        super().__init__(f"{name}: {message}", extra={"fields": {name: [text] for name, text in fields.items()}})


class NotAnAuthor(DomainError):
    code = "forbidden"
    status = 403
    default_message = "Only instructors create courses."


class NoModules(DomainError):
    """A published course keeps at least one module."""

    code = "no_modules"
    status = 409
    default_message = "A published course has at least one module."


class HasRecords(DomainError):
    """Somebody learned here: what was recorded is kept (docs/decisions/0011), and the message says what to do."""

    code = "has_records"
    status = 409


class NotManual(DomainError):
    """The content is completed by what the learner does with it: it is not theirs to say so."""

    code = "forbidden"
    status = 409
    default_message = "This content is not completed by hand: learn with it, and it completes itself."


class NotConsumed(DomainError):
    """What is said to be consumed can't be, in this way."""

    code = "bad_frame"


class TooMany(DomainError):
    """An outline is read in one go, so it is bounded."""

    code = "too_many"
    status = 409


class OrderMismatch(DomainError):
    """An order names each child once: somebody else may have added or removed one."""

    code = "order_mismatch"
    status = 409
    default_message = "An order names all that there are, each once. Read them anew."


class OtherVersion(DomainError):
    """An `If-Match` or `If-Unmodified-Since` that does not hold."""

    code = "precondition_failed"
    status = 412
    default_message = "It has changed since: this is not the version that was asked for."


class KeyInUse(DomainError):
    """The key of a session that is about something else."""

    code = "bad_frame"
    status = 409
    default_message = "key: it names a session of another course or content. Make a new key."


class SessionClosed(DomainError):
    """It ended for good. Carries what it counted: the fields of `session.ack`."""

    code = "session_closed"
    status = 409
    default_message = "This session has ended."

    def __init__(self, message: str = "", /, **counted: int) -> None:
        super().__init__(message, extra=counted)


class _TryAgain(DomainError):
    """Possible again after `retry_after_ms` milliseconds."""

    status = 429

    def __init__(self, message: str = "", *, retry_after_ms: int) -> None:
        super().__init__(message, extra={"retry_after_ms": retry_after_ms})


class Gap(DomainError):
    """A sample is missing before one of the frame: send from `expect`. Nothing of the frame was counted."""

    code = "gap"
    status = 409

    def __init__(self, *, expect: int) -> None:
        super().__init__(f"Expected the sample {expect}.", extra={"expect": expect})


class TooManySessions(_TryAgain):
    code = "too_many_sessions"
    default_message = "You have too many live sessions."


class RateLimited(_TryAgain):
    code = "rate_limited"
    default_message = "Too fast. Slow down a little."
