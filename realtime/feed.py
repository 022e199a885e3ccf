"""Which news each connection of this process has, and getting it what it lacks.

A hint, or the periodic look, says whose news to look at. All that are due are then read at once, one read after the
other on the event loop's account: so what is read later is newer, and what waits meanwhile is read together. A
connection is sent the notification that follows the one it was sent last, and no other: each once, in order. What is
sent goes into the connection's own bounded queue, so a client that reads slowly holds up nobody.

For the event loop only.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from realtime import inbox, metrics
from realtime.inbox import Inbox, Place, Places, Standing
from realtime.protocol import NotificationsState, WaitlistUpdated

if TYPE_CHECKING:
    from realtime.connection import Connection

USERS_A_READ = 500
COURSES_A_READ = 100
NOTIFICATIONS_A_READ = 50
"""Of one user; who has more is read again."""
COMPLETIONS_A_READ = 50
"""Of one enrolment; of more, the newest are sent."""


@dataclass(slots=True)
class Fed:
    """What a connection was sent: the newest notification, how far they were seen, its user's places in queues, and
    the newest revision of their progress by enrolment. `asked`: what is told to it once more, enrolments and contents.
    """

    sent: int
    seen: int
    places: Places
    revisions: dict[int, int]
    asked: set[tuple[int, int]] = field(default_factory=set)


class Feed:
    """One for each process. `by_user` are the hub's connections, `in_database` its way to run what waits."""

    def __init__(
        self, by_user: Mapping[int, Sequence["Connection"]], in_database: Callable[..., Awaitable[Any]]
    ) -> None:
        self._by_user = by_user
        self._in_database = in_database
        self._entering: set[Connection] = set()  # not fed yet, and no hint came since they were admitted
        self._inboxes: set[int] = set()  # users, whose notifications are due
        self._places: set[int] = set()  # users, whose places in all queues are due
        self._queues: set[int] = set()  # courses, whose queues are due
        self._progress: set[int] = set()  # users, whose progress is due
        self._due = asyncio.Event()

    # Connections

    def admit(self, connection: "Connection") -> None:
        """Its user is known; what they are to be told is being read (`inbox.standing`)."""
        self._entering.add(connection)

    def begin(self, connection: "Connection", standing: Standing) -> None:
        """Send what it missed, right behind its `welcome`; from now on it is fed."""
        for notification in standing.missed:
            connection.push(notification)
        metrics.NOTIFICATIONS.inc(len(standing.missed))
        connection.fed = Fed(
            sent=standing.head.head,
            seen=standing.head.seen,
            places=standing.places,
            revisions=standing.revisions,
        )
        if connection in self._entering:
            self._entering.remove(connection)
        else:
            assert connection.credential is not None
            user = connection.credential.user_id  # a hint came before it was fed
            self._places.add(user)
            self.look(inboxes=[user], progress=[user])

    def leave(self, connection: "Connection") -> None:
        self._entering.discard(connection)

    # What is due

    def look(self, *, inboxes: Iterable[int] = (), queues: Iterable[int] = (), progress: Iterable[int] = ()) -> None:
        """There may be notifications for these users, news of the queues of these courses, progress of these users."""
        users, learners = self._by_user.keys() & inboxes, self._by_user.keys() & progress
        courses = set(queues) if self._by_user else set()
        if courses:
            self._entering.clear()
        elif users or learners:
            self._entering -= {connection for user in users | learners for connection in self._by_user[user]}
        self._inboxes |= users
        self._progress |= learners
        self._queues |= courses
        if users or learners or courses:
            self._due.set()

    def repeat(self, connection: "Connection", *, enrollment: int, content: int) -> None:
        """This connection asks for what is no news: tell it where they stand, behind whatever it lacks of that."""
        if connection.fed is not None and connection.credential is not None:
            connection.fed.asked.add((enrollment, content))
            self.look(progress=[connection.credential.user_id])

    def look_at_all(self) -> None:
        """As if there were news for everybody."""
        self._inboxes |= self._by_user.keys()
        self._places |= self._by_user.keys()
        self._progress |= self._by_user.keys()
        self._due.set()

    async def deliver(self) -> None:
        """Wait until something is due, read it, and send it. What fails is made up for by the next look at all."""
        await self._due.wait()
        users = _taken(self._inboxes, USERS_A_READ)
        anywhere = _taken(self._places, USERS_A_READ)
        courses = _taken(self._queues, COURSES_A_READ)
        learners = _taken(self._progress, USERS_A_READ)
        if not (self._inboxes or self._places or self._queues or self._progress):
            self._due.clear()
        # Only those that are fed by now: what is read for the others' `welcome` may be newer than what is read here.
        sent = {user: min(one.sent for one in fed) for user in users if (fed := self._fed(user))}
        if sent:
            for one in await self._in_database(inbox.inboxes, sent, limit=NOTIFICATIONS_A_READ):
                self._send(one)
        if anywhere or courses:
            await self._deliver_places(anywhere, courses)
        if learners:
            await self._deliver_progress(learners)

    def _fed(self, user: int) -> list[Fed]:
        return [connection.fed for connection in self._by_user.get(user, ()) if connection.fed is not None]

    def _send(self, read: Inbox) -> None:
        for connection in self._by_user.get(read.user_id, ()):
            fed = connection.fed
            if fed is None:
                continue
            before = fed.sent
            for notification in read.notifications:
                if notification.number == fed.sent + 1:
                    fed.sent += 1
                    connection.push(notification)
            metrics.NOTIFICATIONS.inc(fed.sent - before)
            if read.seen > fed.seen:
                fed.seen = read.seen
                head = max(read.head, fed.sent)
                connection.push(NotificationsState(head=head, seen=read.seen, unread=head - read.seen))
        if read.notifications and read.notifications[-1].number < read.head:
            self.look(inboxes=[read.user_id])

    async def _deliver_progress(self, users: set[int]) -> None:
        sent: dict[int, int] = {}  # by enrolment, what the connection that was sent the least has
        asked = {user: fed for user in users if (fed := self._fed(user))}
        for fed in asked.values():
            for enrollment in {enrollment for one in fed for enrollment in one.revisions}:
                sent[enrollment] = min(one.revisions.get(enrollment, 0) for one in fed)
        again = {pair for fed in asked.values() for one in fed for pair in one.asked}
        found: dict[int, inbox.Updates] = await self._in_database(
            inbox.progress, users=list(asked), sent=sent, again=again, limit=COMPLETIONS_A_READ
        )
        for user, read in found.items():
            for connection in self._by_user.get(user, ()):
                if connection.fed is not None:
                    _send_progress(connection, connection.fed, read)

    async def _deliver_places(self, anywhere: set[int], courses: set[int]) -> None:
        fed = [
            (connection, user)
            for user in (self._by_user.keys() if courses else anywhere)
            for connection in self._by_user.get(user, ())
            if connection.fed is not None
        ]
        found: dict[int, Places] = await self._in_database(
            inbox.places, anywhere=list(anywhere), courses=courses, in_courses=list({user for _, user in fed})
        )
        for connection, user in fed:
            assert connection.fed is not None
            known, now = connection.fed.places, found.get(user, {})
            for course in known.keys() | now.keys() if user in anywhere else courses & (known.keys() | now.keys()):
                _send_place(connection, known.get(course), now.get(course))
                if course in now:
                    known[course] = now[course]
                else:
                    del known[course]


def _send_progress(connection: "Connection", fed: Fed, read: inbox.Updates) -> None:
    for update in read.news:
        if update.revision > fed.revisions.get(update.enrollment, 0):
            fed.revisions[update.enrollment] = update.revision
            connection.push(update)
    for pair, update in read.again.items():
        if pair in fed.asked:
            fed.asked.remove(pair)
            connection.push(update)


def _send_place(connection: "Connection", known: Place | None, now: Place | None) -> None:
    """Tell what became of a place, if anything did."""
    told = now or known
    if known == now or told is None:
        return
    connection.push(
        WaitlistUpdated(
            course=told.course,
            position=now and now.position,
            offer_expires_at=now and now.offer_expires_at,
        )
    )


def _taken(due: set[int], most: int) -> set[int]:
    """Take so many out of what is due."""
    taken = set(islice(due, most))
    due -= taken
    return taken
