"""Applications with a planted fault: negative controls, which show that a test's check fails where it has to.

`Site(app="tests.faults.plants:NAME")` serves one. Nothing of the server knows of this.
"""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable

from django.db import connections
from websockets.frames import Frame

from lms import websocket
from lms.asgi import Receive, Scope, Send, application
from lms.postgresql.base import DatabaseWrapper
from lms.turns import TurnsMiddleware
from realtime import consumer, feed, hints, hub, protocol, recorder, roster, watch, writer
from realtime.connection import Connection
from realtime.held import Held
from users.authentication import Credential

App = Callable[[Scope, Receive, Send], object]


def planted(plant: Callable[[], None]) -> App:
    """The application, with `plant` called before it begins."""
    is_planted = False

    async def planted_application(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal is_planted
        if not is_planted:
            is_planted = True
            plant()
        await application(scope, receive, send)

    return planted_application


@planted
def ack_before_commit() -> None:
    """Acknowledges what is in memory, and writes it a moment later."""
    write = recorder.Recorder._begin

    def acknowledge_then_write(self: recorder.Recorder) -> None:
        for held in self._dirty:
            if held.holder is not None:
                held.holder.push(protocol.SessionAck(**recorder.counted(held.row())))
        self._loop.call_later(2.0, write, self)  # long enough that a kill at any moment falls into it

    recorder.Recorder._begin = acknowledge_then_write  # type: ignore[method-assign]


@planted
def keeps_every_connection() -> None:
    """What is gone is remembered for ever."""
    kept: list[Connection] = []
    leave = hub.Hub.leave

    def leave_and_keep(self: hub.Hub, connection: Connection) -> None:
        kept.append(connection)
        leave(self, connection)

    hub.Hub.leave = leave_and_keep  # type: ignore[method-assign]


@planted
def takes_out_of_turn() -> None:
    """Samples are taken where they are read, though a frame waits before them."""
    usually = websocket.BoundedWebSocket.handle_text

    def handle_text(self: websocket.BoundedWebSocket, event: Frame) -> None:
        if not (event.fin and self.at_once is not None and self.at_once(bytes(event.data))):
            usually(self, event)

    websocket.BoundedWebSocket.handle_text = handle_text  # type: ignore[method-assign]


@planted
def no_epoch_guard() -> None:
    """A holder that lost its session goes on writing it."""
    writer.WRITE = replaced(writer.WRITE, " AND s.epoch = d.epoch", "")
    writer.WRITE = replaced(writer.WRITE, "RETURNING s.id, s.epoch", "RETURNING s.id, d.epoch")


@planted
def no_count_guard() -> None:
    """A holder writes over what was written since it last looked."""
    writer.WRITE = replaced(writer.WRITE, " AND s.acked_seq = d.was_seq", "")


@planted
def one_row_fails_all() -> None:
    """A row that can't be stored fails the batch, which is tried again as it is."""

    def write_all(self: writer.Writer, rows: list[writer.Row], written: writer.Written) -> None:
        with self._cursor() as cursor:
            cursor.execute(writer.WRITE, writer.parameters(rows))
            written.settled.update({(id, epoch): settled_ms for id, epoch, settled_ms in cursor.fetchall()})

    writer.Writer._write = write_all  # type: ignore[assignment,method-assign]


@planted
def waits_for_locked_rows() -> None:
    """A row that somebody has locked holds up the whole flush."""
    writer.WRITE = replaced(writer.WRITE, " SKIP LOCKED", "")


@planted
def tries_dead_connections_one_by_one() -> None:
    """As Django has it: the pool checks what it hands out, and pauses after each that is dead."""
    del DatabaseWrapper.get_new_connection
    connections.settings["default"]["CONN_HEALTH_CHECKS"] = True


@planted
def answers_all_at_once() -> None:
    """Every request is answered as soon as it comes."""
    TurnsMiddleware.__call__ = lambda self, request: self._get_response(request)  # type: ignore[method-assign]


@planted
def dies_with_an_upload() -> None:
    """The process is killed where the file of an item is stored and its row is not committed."""
    from courses.models import ItemBase

    ItemBase.save = lambda self, **_: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]


@planted
def waits_a_second() -> None:
    """No fault: what waits for the database for long is given up so soon that a test can wait for it."""
    hub.WAIT_SECONDS = 1.0


ADMISSION = 4503


def admit_slowly() -> None:
    """Who has shown a credential is admitted once nobody holds the advisory lock ADMISSION."""
    authenticate = consumer.authenticate

    def authenticate_and_wait(scope: Scope, token: str | None) -> Credential | None:
        credential = authenticate(scope, token)
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock_shared(%s), pg_advisory_unlock_shared(%s)", [ADMISSION, ADMISSION])
        return credential

    consumer.authenticate = authenticate_and_wait


@planted
def admits_slowly() -> None:
    """No fault: long enough for a test to revoke what was shown."""
    admit_slowly()


@planted
def admits_slowly_and_believes_it() -> None:
    """What became of the credential meanwhile shows with the next look."""
    admit_slowly()
    admit = hub.Hub.admit

    def admit_at_once(self: hub.Hub, connection: Connection, *, hints_before: int) -> None:
        admit(self, connection, hints_before=self.credential_hints)

    hub.Hub.admit = admit_at_once  # type: ignore[method-assign]


@planted
def looks_every_second() -> None:
    """No fault: the periodic look at the database, which heals lost hints, often enough for a test to wait for it."""
    hub.LOOK_EVERY_SECONDS = 1.0


@planted
def looks_at_no_news() -> None:
    """The periodic look, every second, passes over what users are to be told."""
    hub.LOOK_EVERY_SECONDS = 1.0
    feed.Feed.look_at_all = lambda self: None  # type: ignore[method-assign]


@planted
def looks_at_no_watches() -> None:
    """The periodic look, every second, passes over who learns in the courses that are watched."""
    hub.LOOK_EVERY_SECONDS = 1.0
    watch.Watches.look_at_all = lambda self: None  # type: ignore[method-assign]


def listen_late() -> None:
    """Listen to hints only after the first of its own is gone; and the periodic look does not come."""
    hub.LOOK_EVERY_SECONDS = 3_600.0
    listen, send, is_sent = hints.listen, hints.send, asyncio.Event()

    async def wait_and_listen(handler: Callable[[hints.Hint], None], *, begun: Callable[[], None]) -> None:
        await is_sent.wait()
        await asyncio.sleep(2.0)
        await listen(handler, begun=begun)

    def send_and_say(**ids: Iterable[int]) -> None:
        send(**ids)
        if "enrollments" in ids:  # by the recorder, on the event loop
            is_sent.set()

    hints.listen = wait_and_listen
    hints.send = send_and_say


@planted
def listens_late() -> None:
    """No fault: as slow to listen as a process that has just started may be."""
    listen_late()


@planted
def does_not_look_when_it_listens() -> None:
    """What nobody heard, because nobody listened yet, is not looked at either."""
    listen_late()
    hub.Hub._listens = lambda self: None  # type: ignore[method-assign]


@planted
def tells_who_watches_before_the_commit() -> None:
    """Says where to look a moment before there is something to see."""
    write = recorder.Recorder._begin

    def tell_then_write(self: recorder.Recorder) -> None:
        hints.send(enrollments=[one.enrollment_id for one in self._dirty])
        self._loop.call_later(2.0, write, self)  # longer than who watches rests between two reads

    recorder.Recorder._begin = tell_then_write  # type: ignore[method-assign]
    Held.has_changed = lambda self, row: False  # type: ignore[method-assign]


@planted
def shows_late_and_for_ever() -> None:
    """Who watches is told late, and of nobody that they are not heard any more, or have left."""
    deliver = watch.Watches._deliver

    async def deliver_late(self: watch.Watches) -> None:
        await asyncio.sleep(2.5)
        await deliver(self)

    watch.Watches._deliver = deliver_late  # type: ignore[method-assign]
    for name in ("OF_COURSES", "OF_ENROLLMENTS"):
        never_silent = replaced(getattr(roster, name), "lease.falls_silent <= clock.now", "false")
        setattr(roster, name, replaced(never_silent, "lease.ends > clock.now", "true"))


def replaced(text: str, part: str, by: str) -> str:
    assert text.count(part) == 1, f"the statement has changed: {part!r} is not in it once"
    return text.replace(part, by)
