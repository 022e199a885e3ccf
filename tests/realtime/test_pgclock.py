"""PostgreSQL's clock as the process knows it: never further off than the newest answer leaves open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.pgclock import PgClock

EPOCH_MS = 1_800_000_000_000.0


def clock(*observed: tuple[float, float, float]) -> PgClock:
    """A clock that observed these: asked at, PostgreSQL's milliseconds since EPOCH_MS, answered at."""
    made = PgClock()
    for before, now_ms, after in observed:
        made.observe(before=before, now_ms=EPOCH_MS + now_ms, after=after)
    return made


def test_it_must_be_observed_first() -> None:
    with pytest.raises(AssertionError):
        PgClock().at(1.0)


def test_at_first_it_takes_the_answer_for_as_late_as_it_may_be() -> None:
    """So that a session is rather taken for younger: that never credits too much."""
    assert clock((10.0, 500.0, 10.2)).at(10.2) == EPOCH_MS + 500
    assert clock((10.0, 500.0, 10.2)).at(11.2) == EPOCH_MS + 1_500


def test_a_quicker_answer_makes_it_exact() -> None:
    exact = clock((10.0, 500.0, 10.2), (11.0, 1_650.0, 11.0))
    assert exact.at(11.0) == EPOCH_MS + 1_650


def test_a_slow_answer_that_fits_changes_nothing() -> None:
    exact = clock((10.0, 500.0, 10.0))
    exact.observe(before=11.0, now_ms=EPOCH_MS + 3_000, after=16.0)
    assert exact.at(20.0) == EPOCH_MS + 10_500


@pytest.mark.parametrize("jump_ms", [-3_600_000.0, 3_600_000.0])
def test_a_clock_that_was_set_is_followed_at_once(jump_ms: float) -> None:
    followed = clock((10.0, 0.0, 10.0), (20.0, 10_000.0 + jump_ms, 20.001))
    assert followed.at(20.0) == pytest.approx(EPOCH_MS + 10_000 + jump_ms, abs=2)


@given(
    st.lists(
        st.tuples(st.floats(0, 1_000), st.floats(0, 5), st.floats(0, 1), st.floats(-1_000, 1_000)),
        min_size=1,
        max_size=9,
    )
)
def test_it_stays_within_the_bounds_of_the_newest_answer(
    answers: list[tuple[float, float, float, float]],
) -> None:
    """Whatever the answers before said; each was read at some moment between question and answer."""
    observed = PgClock()
    for before, seconds, part, drift_ms in answers:
        read_at = before + part * seconds
        now_ms = EPOCH_MS + read_at * 1_000 + drift_ms
        observed.observe(before=before, now_ms=now_ms, after=before + seconds)
        assert abs(observed.at(read_at) - now_ms) <= seconds * 1_000 + 1
        assert observed.at(before) <= now_ms + 1
        assert observed.at(before + seconds) >= now_ms - 1
