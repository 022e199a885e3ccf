"""docs/transcript.md is a real conversation, and the server still says the same."""

import asyncio
import os
import uuid
from typing import TYPE_CHECKING

import pytest

from tests.learner import as_frames
from tests.people import enroll, make_course, token_of
from tests.site import ROOT, Site, orm
from tests.transcript import Page, Poster, Transcript, masked

if TYPE_CHECKING:
    from courses.models import Content, Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

COMMITTED = ROOT / "docs" / "transcript.md"
KEY = "0b9f1c52-6f0d-4a58-9d0c-2d2c0d0f7a11"
POSTED_KEY = "7d1e2a90-3c4b-4f6a-8e21-5b0c9d8f7e63"

INTRODUCTION = """\
<!-- Written by a test against started servers, anew by `make generate`. Not to be edited. -->

Ana studies for a few seconds, and everything that can happen to her does. Two server processes, one database; every
line was said just so. `→` is what a client says, `←` what it hears. What each field means is in protocol.md."""


async def test_the_transcript_is_what_the_server_says(
    site: Site, ines: "User", ana: "User", ben: "User", intro: "Course", content: "Content"
) -> None:
    await orm(fill_the_seminar, ines, ben)
    told = await conversation(site, await orm(token_of, ana), content.pk)
    if os.environ.get("TRANSCRIPT") == "write":
        COMMITTED.write_text(told, encoding="utf-8")
    assert masked(told) == masked(COMMITTED.read_text(encoding="utf-8")), "run `make generate`, and read what changed"


def fill_the_seminar(owner: "User", student: "User") -> None:
    """A course whose only seat is taken."""
    enroll(student, make_course(owner, "seminar", max_capacity=1, waitlist_enabled=True))


async def conversation(site: Site, token: str, content: int) -> str:
    transcript = Transcript("A conversation", INTRODUCTION)
    transcript.scene(
        "Studying", "The page says who it is, opens a session under a key of its own making, and is looked at."
    )
    async with Page(transcript, "laptop", site.ws(0), token) as laptop:
        await laptop.says("hello", device_type="desktop", notifications_after=0)
        await laptop.hears("welcome")
        await laptop.says("session.open", ref="a", key=KEY, course="intro", content=content)
        session = (await laptop.hears("session.opened"))["session"]
        await laptop.says("session.samples", session=session, samples=as_frames([(1, 0, "engaged", 0)]))
        await laptop.hears("session.ack", seq=1)
        await laptop.until(1_000)
        await laptop.says("session.samples", session=session, samples=as_frames([(2, 1_000, "focus", 3)]))
        await laptop.hears("session.ack", seq=2)
        await laptop.says("ping", ref="b")
        await laptop.hears("pong")

        transcript.scene(
            "Mistakes",
            "A sample is missing, a number is none, a course is not there. Nothing of these frames counts, and the\n"
            "connection lives on.",
        )
        await laptop.until(1_500)
        await laptop.says("session.samples", ref="c", session=session, samples=as_frames([(4, 1_500, "idle", 0)]))
        await laptop.hears("error", ref="c")
        bad = [{"seq": 3, "at": "1500", "state": "idle", "interactions": 0}]
        await laptop.says("session.samples", ref="d", session=session, samples=bad)
        await laptop.hears("error", ref="d")
        await laptop.says("session.open", ref="e", key=str(uuid.uuid4()), course="no-such-course")
        await laptop.hears("error", ref="e")

        transcript.scene(
            "Sent twice",
            "The page does not know that its second sample arrived. It counts once, as `duration_ms` shows.",
        )
        again = as_frames([(2, 1_000, "focus", 3), (3, 1_500, "engaged", 1)])
        await laptop.says("session.samples", session=session, samples=again)
        await laptop.hears("session.ack", seq=3)

        transcript.scene(
            "Back on another server",
            "The laptop changes networks and comes back, on another process, before the first has missed it. The\n"
            "session goes on from what is durable; the old connection has lost it.",
        )
        async with Page(transcript, "laptop, again", site.ws(1), token) as back:
            await back.says("hello", device_type="desktop", notifications_after=0)
            await back.hears("welcome")
            await back.says("session.open", ref="a", key=KEY, course="intro", content=content)
            await back.hears("session.opened")
            await laptop.hears("session.lost")
            await back.until(3_000)
            await back.says("session.samples", session=session, samples=as_frames([(4, 3_000, "idle", 2)]))
            await back.hears("session.ack", seq=4)

            transcript.scene("The end of a session", "The last sample goes with it. What comes later comes too late.")
            await back.until(3_500)
            last = as_frames([(5, 3_500, "focus", 0)])
            await back.says("session.close", ref="b", session=session, samples=last)
            await back.hears("session.closed")
            late = as_frames([(6, 3_600, "focus", 0)])
            await back.says("session.samples", ref="c", session=session, samples=late)
            await back.hears("error", ref="c")

            transcript.scene(
                "Without a websocket",
                "A network that lets none through: the same samples as posts. The first, empty one sets the session's\n"
                "clock going.",
            )
            poster = Poster(transcript, "phone", site.http(1), token)
            samples = f"sessions/{POSTED_KEY}/samples/"
            opening = {"course": "intro", "content": content, "device_type": "mobile"}
            await poster.posts(samples, {"samples": [], "open": opening})
            await asyncio.sleep(0.5)
            words = as_frames([(1, 0, "engaged", 0), (2, 500, "idle", 1)])
            await poster.posts(samples, {"samples": words, "close": True})
            await poster.posts(samples, {"samples": as_frames([(3, 600, "focus", 0)])})

            transcript.scene(
                "News",
                "The phone joins the queue of a full course; both connections of the laptop hear of it. News are\n"
                "numbered: the phone, which had none, asks for what came after the last number that it has. Read on\n"
                "one, read on all.",
            )
            await poster.posts("courses/seminar/waitlist/", {})
            for page in (laptop, back):
                await page.hears("waitlist.updated")
                number = (await page.hears("notification"))["number"]
            async with Page(transcript, "phone", site.ws(0), token) as phone:
                await phone.says("hello", device_type="mobile", notifications_after=0)
                await phone.hears("welcome")
                await phone.hears("notification", number=number)
                await phone.says("notifications.seen", number=number)
                await phone.hears("notifications.state")
                for page in (laptop, back):
                    await page.hears("notifications.state")

            transcript.scene("The server stops", "It says when to come back, so that not all come at once.")
            stopping = asyncio.create_task(asyncio.to_thread(site.stop, 1))
            await back.hears("bye")
            await back.hears_the_close()
            await stopping
    return transcript.text()
