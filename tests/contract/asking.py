"""Frames that are refused, and the answers to them."""

from typing import Any
from uuid import uuid4

from tests.contract.conftest import eventually
from tests.learner import Frame, Learner, as_frames

PLAIN = {"type", "ref", "code", "message"}


async def refusal(learner: Learner, code: str, frame: Frame) -> Frame:
    """The error that answers this frame. It repeats its `ref`, and the connection lives on."""
    ref = uuid4().hex
    await learner.send({**frame, "ref": ref})
    error = await learner.expect("error", ref=ref)
    assert error["code"] == code, error
    assert 0 < len(error["message"]) <= 300
    await learner.send({"type": "ping", "ref": ref})
    await learner.expect("pong", ref=ref)
    return error


async def answer_to(learner: Learner, ref: str) -> Frame:
    """The pong or the error that repeats this `ref`."""
    answers: list[Frame] = []

    def has_come() -> bool:
        answers[:] = [frame for frame in learner.frames if frame.get("ref") == ref]
        return bool(answers)

    await eventually(has_come)
    return answers[0]


def opening(course: str = "intro", **fields: Any) -> Frame:
    return {"type": "session.open", "key": str(uuid4()), "course": course, **fields}


def sampling(session: int, *samples: tuple[int, int, str, int], type: str = "session.samples") -> Frame:
    return {"type": type, "session": session, "samples": as_frames(list(samples))}
