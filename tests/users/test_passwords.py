"""New passwords: set by somebody who knows the old one, or who reads the account's verified address."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.contrib.auth.tokens import PasswordResetTokenGenerator
from django.db import connection, transaction
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.people import PASSWORD, session_of
from tests.rest import anonymous, by_token
from tests.users.mailing import mailed_token, send_mails
from tests.waiting import be_waited_for
from users import accounts, links
from users.authentication import credential_from_session
from users.events import CredentialsChanged
from users.models import APIToken, User

NEW = "a long one, of words"


@pytest.fixture
def ana(ana: User) -> User:
    User.objects.update(email_verified=True)
    ana.refresh_from_db()
    return ana


def change(client: Any, password: str = PASSWORD, new: str = NEW) -> Any:
    return client.post("/api/v1/password/change/", {"password": password, "new_password": new})


def ask(email: str = "ana@example.org") -> None:
    answer = anonymous().post("/api/v1/password/reset/", {"email": email})
    assert (answer.status_code, answer.content) == (204, b"")


def reset(token: str, password: str = NEW) -> Any:
    return anonymous().post("/api/v1/password/reset/confirm/", {"token": token, "password": password})


def signs_in(password: str) -> bool:
    answer = anonymous().post("/api/v1/login/", {"username": "ana", "password": password})
    return bool(answer.status_code == 200)


def test_a_browser_stays_and_all_else_ends(ana: User, announced: list[Any]) -> None:
    phone, elsewhere = by_token(ana), session_of(ana)
    browser = anonymous()
    browser.post("/api/v1/login/", {"username": "ana", "password": PASSWORD})
    before = browser.cookies["sessionid"].value
    assert change(browser).status_code == 204
    assert announced == [CredentialsChanged(ana.pk)]
    assert browser.get("/api/v1/me/").status_code == 200
    assert browser.cookies["sessionid"].value != before
    assert credential_from_session(elsewhere) is None
    assert phone.get("/api/v1/me/").status_code == 401
    assert not APIToken.objects.exists()
    assert not signs_in(PASSWORD)
    assert signs_in(NEW)


def test_the_phone_that_asks_keeps_its_token_alone(ana: User, ben: User) -> None:
    phone, tablet, bens = by_token(ana), by_token(ana), by_token(ben)
    assert change(phone).status_code == 204
    assert phone.get("/api/v1/me/").status_code == bens.get("/api/v1/me/").status_code == 200
    assert tablet.get("/api/v1/me/").status_code == 401


def test_a_stronger_hash_of_the_same_password_ends_no_token(ana: User, settings: Any) -> None:
    settings.PASSWORD_HASHERS = list(reversed(settings.PASSWORD_HASHERS))
    phone = by_token(ana)
    assert signs_in(PASSWORD)
    ana.refresh_from_db()
    assert ana.password.startswith("pbkdf2")
    assert phone.get("/api/v1/me/").status_code == 200


@pytest.mark.parametrize(
    ("password", "new", "status", "code"),
    [
        ("wrong", NEW, 403, "wrong_password"),
        (PASSWORD, "short", 400, "invalid"),
        (PASSWORD, "ana@example.org", 400, "invalid"),
        (PASSWORD, "", 400, "invalid"),
    ],
)
def test_no_change(ana: User, password: str, new: str, status: int, code: str) -> None:
    answer = change(by_token(ana), password, new)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert signs_in(PASSWORD)


def test_a_change_by_cookie_wants_the_csrf_token(ana: User) -> None:
    from tests.rest import by_cookie

    assert change(by_cookie(ana)).status_code == 403
    assert signs_in(PASSWORD)


def test_a_reset_ends_everything_and_the_lock(ana: User, announced: list[Any]) -> None:
    phone, browser = by_token(ana), session_of(ana)
    User.objects.update(failed_login_attempts=7, account_locked_until=timezone.now() + timedelta(hours=1))
    ask("ANA@example.org")
    assert send_mails() == ["ana@example.org"]
    token = mailed_token()
    assert reset(token).status_code == 204
    assert announced == [CredentialsChanged(ana.pk)]
    assert phone.get("/api/v1/me/").status_code == 401
    assert credential_from_session(browser) is None
    ana.refresh_from_db()
    assert (ana.failed_login_attempts, ana.account_locked_until) == (0, None)
    assert signs_in(NEW)
    answer = reset(token, "another one, of words")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_link")


def test_signing_in_or_an_hour_makes_a_link_void(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    ask()
    send_mails()
    token = mailed_token()
    now = timezone.now().replace(tzinfo=None)
    monkeypatch.setattr(PasswordResetTokenGenerator, "_now", lambda _: now + timedelta(hours=1, minutes=1))
    assert reset(token).status_code == 400
    monkeypatch.undo()
    assert signs_in(PASSWORD)
    assert reset(token).status_code == 400


def test_a_weak_password_does_not_use_the_link_up(ana: User) -> None:
    ask()
    send_mails()
    token = mailed_token()
    answer = reset(token, "short")
    assert "password" in answer.json()["fields"]
    assert reset(token).status_code == 204


def test_one_mail_a_minute(ana: User) -> None:
    ask()
    ask()
    assert send_mails() == ["ana@example.org"]
    User.objects.update(password_reset_sent_at=timezone.now() - timedelta(minutes=2))
    ask()
    assert send_mails() == ["ana@example.org"]


def test_nobody_and_the_disabled_get_the_answer_and_no_mail(ana: User) -> None:
    User.objects.create(username="without address")
    before = ProcrastinateJob.objects.count()  # other tests leave theirs
    ask("nobody@example.org")
    User.objects.update(is_active=False)
    ask()
    assert ProcrastinateJob.objects.count() == before + 2, "the same is done for each"
    assert send_mails() == []


def test_an_address_that_is_not_verified_gets_the_link_for_that(ana: User) -> None:
    User.objects.update(email_verified=False)
    ask()
    assert send_mails() == ["ana@example.org"]
    token = mailed_token()
    assert reset(token).status_code == 400
    assert anonymous().post("/api/v1/verify-email/", {"token": token}).status_code == 204


def test_a_link_to_verify_is_none_to_a_new_password_and_the_other_way_round(ana: User) -> None:
    secret = links.reset_secret(ana)
    assert anonymous().post("/api/v1/verify-email/", {"token": secret}).status_code == 400
    for token in ("", ".", "x.y", f"{ana.pk}.", f"{ana.pk + 1}.{secret.partition('.')[2]}", f"{secret}x"):
        assert reset(token).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_link_is_used_by_one_of_two(ana: User) -> None:
    token, together = links.reset_secret(ana), Barrier(2)
    answers: list[int] = []

    def use(n: int) -> None:
        together.wait(60)
        answers.append(reset(token, f"{NEW} {n}").status_code)
        connection.close()

    threads = [Thread(target=use, args=[n]) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [204, 400]


def asked_while_it_changes(ana: User, ask: Callable[[], Any]) -> Any:
    """The answer to who proves the old password, and then waits for the transaction that sets a new one."""
    answers: list[Any] = []

    def run() -> None:
        try:
            answers.append(ask())
        finally:
            connection.close()

    asking = Thread(target=run)
    with transaction.atomic():
        accounts.change_password(user=ana, password=NEW)
        asking.start()
        be_waited_for(unless=lambda: not asking.is_alive())
    asking.join()
    return answers[0]


@pytest.mark.django_db(transaction=True)
def test_the_old_password_gets_no_token_that_outlives_the_change(ana: User) -> None:
    body = {"username": "ana", "password": PASSWORD, "name": "phone"}
    answer = asked_while_it_changes(ana, lambda: anonymous().post("/api/v1/tokens/", body))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert not APIToken.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_old_password_takes_the_new_one_back_no_more(ana: User) -> None:
    thief = anonymous()
    thief.force_login(ana)
    answer = asked_while_it_changes(ana, lambda: change(thief, PASSWORD, "another one, of words"))
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert signs_in(NEW)


@pytest.mark.django_db(transaction=True)
def test_the_old_password_closes_no_account_after_the_change(ana: User) -> None:
    thief = anonymous()
    thief.force_login(ana)
    answer = asked_while_it_changes(ana, lambda: thief.delete("/api/v1/me/", {"password": PASSWORD}))
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_password")
    assert signs_in(NEW)
