"""Seats and queue of one course in plain Python, with no database and no lock: what the real ones are held against."""

from collections import Counter
from copy import deepcopy
from dataclasses import dataclass, field

OFFER_HOURS = 24.0
SEATED = ("enrolled", "completed", "paused")
GONE = ("", "withdrawn", "rejected")


class Refused(Exception):
    """With the code of the error."""


@dataclass
class Waiting:
    student: str
    joined: int
    priority: int = 1
    hours_left: float | None = None  # of an offer


@dataclass
class Oracle:
    """`told` counts what a move announces: `(event, student)`; of the queue only whether it moved."""

    capacity: int | None
    needs_approval: bool
    status: dict[str, str] = field(default_factory=dict)
    from_offer: set[str] = field(default_factory=set)
    queue: list[Waiting] = field(default_factory=list)
    completed: set[str] = field(default_factory=set)  # once: who comes back and completes again isn't told again
    joins: int = 0
    told: Counter[tuple[str, str]] = field(default_factory=Counter)

    def move(self, name: str, student: str, *arguments: object) -> str:
        """Make this move: "ok", or why not, and then nothing has changed."""
        before = deepcopy(self)
        self.told = Counter()
        queue = deepcopy(self.queue)
        try:
            self.roll_on()
            getattr(self, name)(student, *arguments)
            self.offer()
        except Refused as refusal:
            self.__dict__ = before.__dict__
            self.told = Counter()
            return str(refusal)
        if queue != self.queue:
            self.told["WaitlistMoved", ""] += 1
        return "ok"

    # Facts

    def place(self, student: str) -> Waiting | None:
        return next((one for one in self.queue if one.student == student), None)

    def taken(self) -> int:
        offers = sum(one.hours_left is not None and one.hours_left > 0 for one in self.queue)
        return sum(self.holds_seat(student) for student in self.status) + offers

    def holds_seat(self, student: str) -> bool:
        return self.status[student] in SEATED or student in self.from_offer

    def is_full(self) -> bool:
        return self.capacity is not None and self.taken() >= self.capacity

    def in_turn(self) -> list[Waiting]:
        return sorted((one for one in self.queue if one.hours_left is None), key=lambda one: (one.priority, one.joined))

    def positions(self) -> dict[str, int]:
        offered = {one.student: 0 for one in self.queue if one.hours_left is not None and one.hours_left > 0}
        return offered | {one.student: number for number, one in enumerate(self.in_turn(), start=1)}

    # What happens by itself

    def roll_on(self) -> None:
        for one in list(self.queue):
            if one.hours_left is not None and one.hours_left <= 0:
                self.queue.remove(one)
                self.told["WaitlistOfferExpired", one.student] += 1
        self.offer()

    def offer(self) -> None:
        for one in self.in_turn():
            if self.is_full():
                return
            one.hours_left = OFFER_HOURS
            self.told["WaitlistOffered", one.student] += 1

    # Moves

    def nothing(self, student: str) -> None:
        pass

    def enroll(self, student: str) -> None:
        self.refuse_if_in(student)
        place = self.place(student)
        if not (place and place.hours_left) and (self.is_full() or self.in_turn()):
            raise Refused("course_full")
        self.take_seat(student)

    def join(self, student: str) -> None:
        if self.place(student):
            return
        self.refuse_if_in(student)
        if not self.is_full() and not self.in_turn():
            raise Refused("course_not_full")
        self.joins += 1
        self.queue.append(Waiting(student, self.joins))
        self.told["WaitlistJoined", student] += 1

    def leave(self, student: str) -> None:
        place = self.place(student)
        if place is None:
            raise Refused("not_waiting")
        self.queue.remove(place)

    def accept(self, student: str) -> None:
        self.offered(student)
        self.take_seat(student)

    def decline(self, student: str) -> None:
        self.queue.remove(self.offered(student))

    def withdraw(self, student: str) -> None:
        self.change(student, ("pending", *SEATED), "withdrawn")

    def remove(self, student: str) -> None:
        self.change(student, ("pending", *SEATED), "withdrawn")
        self.told["EnrollmentEnded", student] += 1

    def approve(self, student: str) -> None:
        self.change(student, ("pending",), "enrolled")
        self.told["EnrollmentApproved", student] += 1

    def reject(self, student: str) -> None:
        self.change(student, ("pending",), "rejected")
        self.told["EnrollmentRejected", student] += 1

    def pause(self, student: str) -> None:
        self.change(student, ("enrolled",), "paused")
        self.told["EnrollmentEnded", student] += 1

    def resume(self, student: str) -> None:
        self.change(student, ("paused",), "enrolled")
        self.told["EnrollmentConfirmed", student] += 1

    def complete(self, student: str) -> None:
        self.change(student, ("enrolled",), "completed")
        if student not in self.completed:
            self.told["CourseCompleted", student] += 1
        self.completed.add(student)

    def admit(self, student: str) -> None:
        place = self.place(student)
        if self.status.get(student, "") not in GONE:
            raise Refused("move_not_allowed")
        if place:
            self.queue.remove(place)
        lost = self.capacity is not None and self.taken() >= self.capacity
        if lost and not (place and place.hours_left):
            raise Refused("course_full")
        self.status[student] = "enrolled"
        self.told["EnrollmentConfirmed", student] += 1

    def bring(self, _: str, students: list[str]) -> None:
        """All of a list, or nobody."""
        offered = [one.student for one in self.queue if one.hours_left is not None]
        seats = sum(student in offered or student in self.from_offer for student in students)
        free = len(students) if self.capacity is None else max(0, self.capacity - self.taken())
        if any(self.status.get(student) in SEATED for student in students) or len(students) - seats > free:
            raise Refused("import_refused")
        for student in students:
            if place := self.place(student):
                self.queue.remove(place)
            had_asked = self.status.get(student) == "pending"
            self.told["EnrollmentApproved" if had_asked else "EnrollmentConfirmed", student] += 1
            self.status[student] = "enrolled"
            self.from_offer.discard(student)

    def prioritise(self, student: str, priority: int) -> None:
        place = self.place(student)
        if place is None:
            raise Refused("not_found")
        if place.hours_left is not None:
            raise Refused("move_not_allowed")
        place.priority = priority

    def resize(self, student: str, capacity: int | None) -> None:
        self.capacity = capacity

    # What they are made of

    def refuse_if_in(self, student: str) -> None:
        if self.status.get(student, "") not in GONE:
            raise Refused("already_enrolled")

    def offered(self, student: str) -> Waiting:
        place = self.place(student)
        if place is None or place.hours_left is None:
            self.refuse_if_in(student)
            raise Refused("no_offer")
        return place

    def take_seat(self, student: str) -> None:
        place = self.place(student)
        if place:
            self.queue.remove(place)
        if self.needs_approval:
            self.status[student] = "pending"
            self.told["EnrollmentRequested", student] += 1
            if place:
                self.from_offer.add(student)
        else:
            self.status[student] = "enrolled"
            self.told["EnrollmentConfirmed", student] += 1

    def change(self, student: str, sources: tuple[str, ...], target: str) -> None:
        if self.status.get(student, "") not in sources:
            raise Refused("move_not_allowed")
        if target in SEATED and not self.holds_seat(student) and self.is_full():
            raise Refused("course_full")
        self.status[student] = target
        self.from_offer.discard(student)
