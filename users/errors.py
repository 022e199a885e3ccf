"""The tree of the domain's errors.

    DomainError
    └── what each room adds beside its rules (courses/errors.py, …)

An error is raised by a rule and speaks to people. It knows nothing of HTTP or sockets: lms/errors.py turns it
into a REST answer, realtime into an error frame.
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class DomainError(Exception):
    """A rule said no.

    `code` names the rule for programs, `status` is the HTTP status it answers with, `message` is a sentence for
    people, and `extra` is merged into the answer's body (`{"waitlist": True}`, `{"retry_after_ms": 250}`).
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    default_message: ClassVar[str] = "That is not possible."

    def __init__(self, message: str = "", *, extra: Mapping[str, Any] | None = None) -> None:
        self.message = message or self.default_message
        self.extra: dict[str, Any] = dict(extra or {})
        super().__init__(self.message)
