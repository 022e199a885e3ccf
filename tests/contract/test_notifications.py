"""Notifications over the wire: at once on every connection, what was missed in order, read on one, read on all."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.contract.conftest import AT_ONCE_SECONDS, Connect, lives
from tests.learner import Learner
from tests.news import confirm, leave_queue, offer, queue
from tests.people import token_of
from tests.rest import by_token
from tests.site import Site, orm

if TYPE_CHECKING:
    from courses.models import Course
    from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)


def numbers(learner: Learner) -> list[int]:
    return [frame["number"] for frame in learner.seen("notification")]


async def test_news_comes_at_once_to_every_connection_of_its_user_and_to_nobody_else(
    connect: Connect, ana: "User", ben: "User", intro: "Course"
) -> None:
    here, there, other = await connect(ana, 0), await connect(ana, 1), await connect(ben, 1)
    await orm(confirm, intro, ana)
    for learner in (here, there):
        told = await learner.expect("notification", within=AT_ONCE_SECONDS)
        assert told == {
            "type": "notification",
            "number": 1,
            "kind": "enrollment.confirmed",
            "created_at": told["created_at"],
            "title": "Your seat in “Intro” is confirmed",
            "body": "You can start whenever you like.",
            "data": {"course": "intro", "course_title": "Intro", "enrollment": 1},
        }
    await orm(confirm, intro, ben)
    await other.expect("notification", within=AT_ONCE_SECONDS)
    assert (numbers(here), numbers(there), numbers(other)) == ([1], [1], [1])


async def test_what_one_transaction_tells_comes_in_its_order(connect: Connect, ana: "User", intro: "Course") -> None:
    learner = await connect(ana)
    await orm(confirm, intro, ana, times=120)
    await learner.expect("notification", number=120)
    assert numbers(learner) == list(range(1, 121))


@pytest.mark.parametrize(
    ("after", "head", "sent"),
    [
        (None, 3, []),
        (0, 0, []),
        (3, 3, []),
        (2, 3, [3]),
        (0, 200, list(range(1, 201))),
        (0, 201, None),
        (4, 3, None),
        (2**53 - 1, 3, None),
        (1, 0, None),
    ],
)
async def test_a_client_that_was_away_gets_what_it_missed_or_is_told_to_read_it(
    site: Site, ana: "User", intro: "Course", after: int | None, head: int, sent: list[int] | None
) -> None:
    """`sent` is None where there is a gap."""
    if head:
        await orm(confirm, intro, ana, times=head)
    async with Learner(site.ws(), token=await orm(token_of, ana)) as learner:
        asked: dict[str, Any] = {} if after is None else {"notifications_after": after}
        welcome = await learner.hello(**asked)
        assert welcome["notifications"] == {"head": head, "seen": 0, "gap": sent is None}
        await orm(confirm, intro, ana)
        await learner.expect("notification", number=head + 1, within=AT_ONCE_SECONDS)
        assert numbers(learner) == [*(sent or []), head + 1]
        assert learner.frames[0]["type"] == "welcome"


async def test_they_come_in_the_language_of_their_user(connect: Connect, ana: "User", intro: "Course") -> None:
    def speak(language: str) -> None:
        ana.language = language
        ana.save()
        confirm(intro, ana)

    learner = await connect(ana)
    for number, (language, title) in enumerate(
        [
            ("de", "Dein Platz in „Intro“ ist bestätigt"),
            ("de-at", "Dein Platz in „Intro“ ist bestätigt"),
            ("fr", "Your seat in “Intro” is confirmed"),
        ],
        start=1,
    ):
        await orm(speak, language)
        assert (await learner.expect("notification", number=number))["title"] == title


# Seen


async def test_read_on_one_device_is_read_on_all(connect: Connect, ana: "User", ben: "User", intro: "Course") -> None:
    await orm(confirm, intro, ana, ben, times=5)
    here, there, other = await connect(ana, 0), await connect(ana, 1), await connect(ben, 1)
    await here.send({"type": "notifications.seen", "number": 3})
    state = {"type": "notifications.state", "head": 5, "seen": 3, "unread": 2}
    for learner in (here, there):
        assert await learner.expect("notifications.state", within=AT_ONCE_SECONDS) == state
    await lives(other)
    assert not other.seen("notifications.state")
    async with Learner(here.url, token=await orm(token_of, ana)) as later:
        assert (await later.hello())["notifications"] == {"head": 5, "seen": 3, "gap": False}


async def test_seen_never_falls_and_never_passes_the_head(connect: Connect, ana: "User", intro: "Course") -> None:
    learner = await connect(ana)
    await learner.send({"type": "notifications.seen", "number": 7})  # nothing was told yet
    await orm(confirm, intro, ana, times=5)
    for number, seen in ((3, 3), (2, None), (3, None), (2**53 - 1, 5), (0, None)):
        await learner.send({"type": "notifications.seen", "number": number})
        if seen is not None:
            assert (await learner.expect("notifications.state"))["seen"] == seen
    await lives(learner)
    assert [(frame["seen"], frame["unread"]) for frame in learner.seen("notifications.state")] == [(3, 2), (5, 0)]


async def test_over_rest_they_come_in_order_by_pages_and_are_seen_on_every_device(
    connect: Connect, ana: "User", ben: "User", intro: "Course"
) -> None:
    await orm(confirm, intro, ana, times=205)
    await orm(confirm, intro, ben)
    learner = await connect(ana)
    client = await orm(by_token, ana)

    def read(path: str) -> Any:
        return client.get(path).json()

    first = await orm(read, "/api/v1/notifications/?after=3")
    assert (first["count"], first["previous"]) == (202, None)
    assert [one["number"] for one in first["results"]] == list(range(4, 204))
    last = await orm(read, first["next"])
    assert [one["number"] for one in last["results"]] == [204, 205]
    assert last["next"] is None
    assert (await orm(read, "/api/v1/notifications/?after=205"))["results"] == []
    assert (await orm(read, "/api/v1/notifications/?after=-1"))["fields"].keys() == {"after"}

    posted = await orm(client.post, "/api/v1/notifications/seen/", {"number": 200})
    assert posted.json() == {"head": 205, "seen": 200, "unread": 5}
    await learner.expect("notifications.state", seen=200, unread=5, within=AT_ONCE_SECONDS)
    posted = await orm(client.post, "/api/v1/notifications/seen/", {"number": 1})
    assert posted.json()["seen"] == 200
    assert (await orm(client.post, "/api/v1/notifications/seen/", {"number": -1})).status_code == 400

    await orm(confirm, intro, ana)
    pushed = await learner.expect("notification", number=206)
    (listed,) = (await orm(read, "/api/v1/notifications/?after=205"))["results"]
    assert listed == {name: value for name, value in pushed.items() if name != "type"}


# Places in a queue


async def test_a_learner_hears_where_they_are_in_the_queue_only_when_that_changes(
    connect: Connect, ana: "User", ben: "User", chidi: "User", intro: "Course"
) -> None:
    in_queue = await orm(queue, intro, ben)
    anas, bens, chidis = await connect(ana, 0), await connect(ben, 1), await connect(chidi, 1)
    in_queue += await orm(queue, intro, ana, chidi)

    def place(position: int | None, until: Any = None) -> dict[str, Any]:
        return {"type": "waitlist.updated", "course": "intro", "position": position, "offer_expires_at": until}

    assert await anas.expect("waitlist.updated", within=AT_ONCE_SECONDS) == place(2)
    assert await chidis.expect("waitlist.updated", within=AT_ONCE_SECONDS) == place(3)
    await orm(offer, in_queue[0])
    offered = await bens.expect("waitlist.updated", within=AT_ONCE_SECONDS)
    assert offered == place(0, offered["offer_expires_at"])
    assert offered["offer_expires_at"] is not None
    assert await anas.expect("waitlist.updated", within=AT_ONCE_SECONDS) == place(1)
    assert await chidis.expect("waitlist.updated", within=AT_ONCE_SECONDS) == place(2)
    await orm(leave_queue, in_queue[1])
    assert await anas.expect("waitlist.updated", within=AT_ONCE_SECONDS) == place(None)
    assert await chidis.expect("waitlist.updated", within=AT_ONCE_SECONDS) == place(1)
    await orm(leave_queue, in_queue[0])
    assert await bens.expect("waitlist.updated", within=AT_ONCE_SECONDS) == place(None)
    for learner, heard in ((anas, 3), (bens, 2), (chidis, 3)):
        await lives(learner)
        assert len(learner.seen("waitlist.updated")) == heard


async def test_who_connects_while_news_is_written_has_each_once_in_order(
    site: Site, ana: "User", intro: "Course"
) -> None:
    """From `hello` on, whenever that is: what is not missed by then comes after it."""
    token = await orm(token_of, ana)

    async def write() -> None:
        await asyncio.to_thread(lambda: [confirm(intro, ana) for _ in range(60)])

    writing = asyncio.create_task(write())
    learners: list[Learner] = []
    try:
        while not writing.done():
            learners.append(await Learner(site.ws(len(learners) % 2), token=token).connect())
            await learners[-1].hello(notifications_after=0)
        await writing
        for learner in learners[-15:]:  # of more than 20, the oldest were closed
            await learner.expect("notification", number=60)
            assert numbers(learner) == list(range(1, 61))
    finally:
        for learner in learners:
            await learner.close()
