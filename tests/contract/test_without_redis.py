"""Without Redis nothing is missed, only later: every process looks at the database itself, every 20 s."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from lms.devservices import Valkey
from tests.contract.conftest import Connect, row_of
from tests.learner import Learner
from tests.people import make_user, session_of, token_of
from tests.site import Site, orm

if TYPE_CHECKING:
    from users.models import User

LOOK_SECONDS = 30


async def begun(learner: Learner, key: str) -> int:
    session: int = (await learner.open(course="intro", key=key))["session"]
    await learner.samples(session, [(1, 0, "engaged", 0)])
    await learner.expect("session.ack", session=session, seq=1)
    return session


def change_password(username: str) -> None:
    from users.models import User

    user = User.objects.get(username=username)
    user.set_password("a long one, of words")
    user.save()


async def test_credentials_that_ended_and_sessions_that_are_lost_are_found_within_30_s(
    connect: Connect, site: Site, valkey: Valkey, ana: "User", ben: "User", chidi: "User"
) -> None:
    from django.contrib.sessions.models import Session

    from courses import enrollment
    from courses.models import CourseEnrollment
    from users import tokens
    from users.models import APIToken

    kept, taker, bens, disabled = await connect(ana), await connect(ana, 1), await connect(ben), await connect(chidi, 1)
    key = str(uuid4())
    session, bens_session = await begun(kept, key), await begun(bens, key)
    lost, raw = await orm(tokens.issue, user=ana, name="lost phone")
    old, old_raw = await orm(tokens.issue, user=ana, name="expires soon")
    dana = await orm(make_user, "dana")
    cookie = await orm(session_of, dana)
    async with (
        Learner(site.ws(0), token=raw) as revoked,
        Learner(site.ws(1), token=old_raw) as expired,
        Learner(site.ws(0), cookie=cookie, origin=site.http(0)) as signed_out,
        Learner(site.ws(1), token=await orm(token_of, await orm(make_user, "ed"))) as changed,
    ):
        for learner in (revoked, expired, signed_out, changed):
            await learner.hello()
        valkey.kill()
        await orm(Session.objects.filter(pk=cookie).delete)
        await orm(change_password, "ed")
        await orm(tokens.revoke, lost)
        await orm(APIToken.objects.filter(pk=old.pk).update, expires_at=datetime.now(UTC) + timedelta(seconds=1))
        chidi.is_active = False
        await orm(chidi.save)
        await orm(enrollment.withdraw, enrollment=await orm(CourseEnrollment.objects.get, student=ben), actor=ben)
        await taker.open(course="intro", key=key)
        ended = (revoked, expired, signed_out, changed, disabled)
        codes, *_ = await asyncio.gather(
            asyncio.gather(*(learner.closed(within=LOOK_SECONDS) for learner in ended)),
            kept.expect("session.lost", session=session, reason="resumed_elsewhere", within=LOOK_SECONDS),
            bens.expect("session.lost", session=bens_session, reason="access_ended", within=LOOK_SECONDS),
        )
    assert codes == [4503] * 5
    for learner in (kept, taker, bens):
        await learner.send({"type": "ping"})
        await learner.expect("pong")


async def test_the_next_sample_tells_at_once(connect: Connect, valkey: Valkey, ana: "User") -> None:
    first, second = await connect(ana, 0), await connect(ana, 1)
    key = str(uuid4())
    session = await begun(first, key)
    valkey.kill()
    await second.open(course="intro", key=key)
    await first.samples(session, [(2, 900, "engaged", 0)])
    await first.expect("session.lost", session=session, reason="resumed_elsewhere", within=3)
    assert (await orm(row_of, session)).acked_seq == 1
