"""Wrong passwords: five of them, and an account takes none for a while; whatever came signed in before goes on."""

import statistics
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, BoundedSemaphore, Event, Thread
from typing import Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.db import connection
from django.db.models import F
from django.test import Client, RequestFactory
from django.utils import timezone

from tests.counts import count
from tests.people import PASSWORD
from tests.rest import anonymous, by_cookie, by_token
from users import signin
from users.models import User

MINUTE = timedelta(minutes=1)


def by_login(password: str, username: str = "ana") -> bool:
    answer = anonymous().post("/api/v1/login/", {"username": username, "password": password})
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def for_a_token(password: str, username: str = "ana") -> bool:
    body = {"username": username, "password": password, "name": "phone"}
    answer = anonymous().post("/api/v1/tokens/", body)
    assert answer.status_code in {201, 401}
    return answer.status_code == 201


def in_the_admin(password: str, username: str = "ana") -> bool:
    answer = Client().post("/admin/login/", {"username": username, "password": password})
    assert answer.status_code in {200, 302}
    return answer.status_code == 302


WAYS = [by_login, for_a_token, in_the_admin]


@pytest.fixture
def ana(ana: User) -> User:
    User.objects.update(is_staff=True)  # so that the admin takes her in
    return ana


def rest_of_lock() -> timedelta:
    until = User.objects.get(username="ana").account_locked_until
    return until - timezone.now() if until else timedelta()


def lock_ends() -> None:
    User.objects.update(account_locked_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize("last", WAYS)
def test_each_way_in_counts_for_all(ana: User, last: Callable[[str], bool]) -> None:
    for way in (by_login, for_a_token, in_the_admin, by_login):
        assert not way("wrong")
    assert rest_of_lock() == timedelta()
    assert not last("wrong")
    assert 14 * MINUTE < rest_of_lock() <= 15 * MINUTE
    assert not any(way(PASSWORD) for way in WAYS)
    lock_ends()
    assert last(PASSWORD)
    ana.refresh_from_db()
    assert (ana.failed_login_attempts, ana.account_locked_until) == (0, None)


def test_it_grows_to_a_day(ana: User) -> None:
    User.objects.update(failed_login_attempts=4)
    for minutes in (15, 30, 60, 120, 240, 480, 960, 1440, 1440, 1440):
        by_login("wrong")
        assert (minutes - 1) * MINUTE < rest_of_lock() <= minutes * MINUTE
        by_login("wrong")
        assert rest_of_lock() <= minutes * MINUTE, "while it rests nothing is counted"
        lock_ends()


def test_a_right_password_begins_the_count_anew(ana: User) -> None:
    for _ in range(2):
        for _ in range(4):
            assert not by_login("wrong")
        assert by_login(PASSWORD)


def test_what_is_signed_in_goes_on(ana: User) -> None:
    phone, laptop = by_token(ana), by_cookie(ana)
    User.objects.update(failed_login_attempts=4)
    by_login("wrong")
    assert phone.get("/api/v1/me/").status_code == laptop.get("/api/v1/me/").status_code == 200


def test_whoever_is_signed_in_guesses_no_better(ana: User) -> None:
    client = by_token(ana)
    for _ in range(5):
        body = {"password": "wrong", "new_password": "a long one, of words"}
        answer = client.post("/api/v1/password/change/", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert client.delete("/api/v1/me/", {"password": PASSWORD}).status_code == 403
    assert not by_login(PASSWORD)


def test_locked_unknown_and_wrong_are_one_answer(ana: User, ben: User) -> None:
    User.objects.filter(pk=ana.pk).update(account_locked_until=timezone.now() + MINUTE)
    answers = [
        anonymous().post("/api/v1/login/", {"username": username, "password": password})
        for username, password in (("ana", PASSWORD), ("ana", "wrong"), ("ben", "wrong"), ("nobody", "wrong"))
    ]
    assert len({(answer.status_code, answer.content, str(answer.headers)) for answer in answers}) == 1


def test_they_take_about_the_same_time(ana: User, ben: User) -> None:
    """The password is hashed in each case; what is left of the difference is a fraction of that."""
    User.objects.filter(pk=ana.pk).update(account_locked_until=timezone.now() + 60 * MINUTE)
    request = RequestFactory().get("/")
    took: dict[str, list[float]] = {"ana": [], "ben": [], "nobody": []}
    for _ in range(5):
        for username, seconds in took.items():
            User.objects.filter(username="ben").update(failed_login_attempts=0)
            request.META["REMOTE_ADDR"] = f"192.0.2.{len(seconds)}"
            began = time.perf_counter()
            assert signin.check_password(username, "wrong", request) is None
            seconds.append(time.perf_counter() - began)
    medians = [statistics.median(seconds) for seconds in took.values()]
    assert max(medians) < 2 * min(medians), took


def test_the_other_way_to_ask_django_counts_too(ana: User) -> None:
    from asgiref.sync import async_to_sync
    from django.contrib.auth import aauthenticate

    assert async_to_sync(aauthenticate)(username="ana", password="wrong") is None
    ana.refresh_from_db()
    assert ana.failed_login_attempts == 1


def test_the_address_of_the_last_sign_in_is_kept_truncated(ana: User) -> None:
    for way in (by_login, for_a_token):
        User.objects.update(last_login=None, last_login_ip=None)
        way(PASSWORD)
        ana.refresh_from_db()
        assert ana.last_login_ip == "127.0.0.0"
        assert ana.last_login is not None


# Parallel tries. What is planted shows that each check fails where the count is read and written in two steps.


def in_parallel(functions: list[Callable[[], object]]) -> None:
    def and_close(function: Callable[[], object]) -> None:
        try:
            function()
        finally:
            connection.close()

    threads = [Thread(target=and_close, args=[function]) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def wrong_tries_all_judged_before_one_is_counted(tries: int, monkeypatch: pytest.MonkeyPatch) -> User:
    monkeypatch.setattr(signin, "_may_hash", BoundedSemaphore(tries))  # all at once, as over many processes
    judged, judge = Barrier(tries), ModelBackend.authenticate

    def judge_together(*args: Any, **kwargs: Any) -> Any:
        user = judge(*args, **kwargs)
        judged.wait(60)
        return user

    monkeypatch.setattr(ModelBackend, "authenticate", judge_together)
    request = RequestFactory().get("/")
    in_parallel([lambda: signin.check_password("ana", "wrong", request)] * tries)
    return User.objects.get(username="ana")


def count_in_two_steps(username: str) -> None:
    user = User.objects.get(username=username)
    time.sleep(0.05)
    user.failed_login_attempts += 1
    if user.failed_login_attempts >= signin.WRONG_PASSWORDS:
        user.account_locked_until = timezone.now() + signin.LOCKS[0]
    user.save(update_fields=["failed_login_attempts", "account_locked_until"])


@pytest.mark.django_db(transaction=True)
def test_of_parallel_tries_five_count_and_no_more(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    user = wrong_tries_all_judged_before_one_is_counted(count(10, 25), monkeypatch)
    assert user.failed_login_attempts == 5
    assert 14 * MINUTE < rest_of_lock() <= 15 * MINUTE


@pytest.mark.django_db(transaction=True)
def test_counted_in_two_steps_more_than_five_get_through(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """(N) exists to ensure that the test above would see it."""
    monkeypatch.setattr(signin, "_count_wrong", count_in_two_steps)
    user = wrong_tries_all_judged_before_one_is_counted(10, monkeypatch)
    assert user.failed_login_attempts < 5
    assert user.account_locked_until is None


def right_try_that_five_wrong_ones_overtake(monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether it gets in: it was judged before them, and counts after them."""
    monkeypatch.setattr(signin, "_may_hash", BoundedSemaphore(10))
    was_judged, may_go_on, judge = Event(), Event(), ModelBackend.authenticate

    def judge_and_wait(backend: ModelBackend, request: Any, username: str, password: str) -> Any:
        user = judge(backend, request, username, password)
        if password == PASSWORD:
            was_judged.set()
            assert may_go_on.wait(60)
        return user

    monkeypatch.setattr(ModelBackend, "authenticate", judge_and_wait)
    got_in: list[bool] = []
    right = Thread(target=in_parallel, args=[[lambda: got_in.append(by_login(PASSWORD))]])
    right.start()
    assert was_judged.wait(60)
    for _ in range(5):
        by_login("wrong")
    may_go_on.set()
    right.join()
    return got_in == [True]


@pytest.mark.django_db(transaction=True)
def test_a_sixth_try_gets_nothing_even_if_it_was_right(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not right_try_that_five_wrong_ones_overtake(monkeypatch)


@pytest.mark.django_db(transaction=True)
def test_taken_in_without_a_second_look_a_sixth_try_gets_in(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """(N) exists to ensure that the test above would see it."""
    monkeypatch.setattr(signin, "_take_in", lambda user, request: True)
    assert right_try_that_five_wrong_ones_overtake(monkeypatch)


@pytest.mark.django_db(transaction=True)
def test_parallel_right_tries_all_get_in(ana: User) -> None:
    User.objects.update(failed_login_attempts=F("failed_login_attempts") + 4)
    got_in: list[bool] = []
    in_parallel([lambda: got_in.append(for_a_token(PASSWORD))] * 8)
    assert got_in == [True] * 8
