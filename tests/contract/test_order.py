"""Frames count in the order in which they were sent, whichever way they take through the server."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.conftest import token_of
from tests.contract.conftest import Connect
from tests.learner import Learner, as_frames
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Content, Course
    from users.models import User


async def send_in_pieces_and_whole(learner: Learner, session: int) -> None:
    """A frame with the first sample in pieces, which waits for its end; one with the second right behind it."""
    first, second = (
        json.dumps({"type": "session.samples", "session": session, "samples": as_frames([(seq, 0, "focus", 0)])})
        for seq in (1, 2)
    )
    wire = learner.socket.protocol
    wire.send_text(first[:9].encode(), fin=False)
    wire.send_continuation(first[9:].encode(), fin=True)
    wire.send_text(second.encode())
    learner.socket.transport.write(b"".join(wire.data_to_send()))


async def test_samples_do_not_overtake(connect: Connect, ana: "User", content: "Content") -> None:
    learner = await connect(ana)
    session = (await learner.open(course="intro", content=content.pk))["session"]
    await send_in_pieces_and_whole(learner, session)
    await learner.expect("session.ack", session=session, seq=2)
    assert not learner.seen("error")


async def test_without_their_turn_they_overtake(make_site: Callable[..., Site], ana: "User", intro: "Course") -> None:
    """The control."""
    site = make_site(app="tests.faults.plants:takes_out_of_turn")
    async with Learner(site.ws(), token=await orm(token_of, ana)) as learner:
        await learner.hello()
        session = (await learner.open(course="intro"))["session"]
        await send_in_pieces_and_whole(learner, session)
        await learner.expect_error("gap", expect=1)
