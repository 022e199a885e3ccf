"""Making an account, and proving that one reads its address."""

import hashlib
import socketserver
from collections.abc import Iterator
from datetime import timedelta
from queue import Queue
from threading import Barrier, Thread
from typing import Any

import httpx
import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.rest import anonymous, by_token
from tests.site import Site, job_worker
from tests.users.mailing import mailed_token, send_mails
from users import accounts, links
from users.models import User

DANA = {"username": "dana", "email": "dana@example.org", "password": "a long one, of words"}


def register(**changes: Any) -> Any:
    return anonymous().post("/api/v1/register/", {**DANA, **changes})


def verify(token: str) -> Any:
    return anonymous().post("/api/v1/verify-email/", {"token": token})


def forget_the_last_mail() -> None:
    User.objects.update(email_verification_sent_at=timezone.now() - timedelta(hours=1))


def test_it_makes_a_student_who_may_sign_in_at_once(db: None) -> None:
    answer = register(role="instructor", is_staff=True, email_verified=True)
    assert answer.status_code == 201
    body = answer.json()
    assert (body["username"], body["role"], body["is_staff"], body["email_verified"]) == (
        "dana",
        "student",
        False,
        False,
    )
    assert body["student_profile"] == {"goal": ""}
    assert "password" not in body
    dana = User.objects.get()
    assert dana.password.startswith("argon2")
    signed_in = anonymous().post("/api/v1/login/", {"username": "dana", "password": DANA["password"]})
    assert signed_in.status_code == 200


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ana"}, "username"),
        ({"username": "a b"}, "username"),
        ({"username": ""}, "username"),
        ({"username": "d" * 151}, "username"),
        ({"username": "d\x00"}, "username"),
        ({"email": "Ana@Example.org"}, "email"),
        ({"email": "dana"}, "email"),
        ({"email": ""}, "email"),
        ({"email": "d" * 250 + "@example.org"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "8274019283746"}, "password"),
        ({"password": "dana@example.org"}, "password"),
        ({"password": "x" * 5000}, "password"),
    ],
)
def test_what_cannot_be_is_named(ana: User, changes: dict[str, str], field: str) -> None:
    answer = register(**changes)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert list(answer.json()["fields"]) == [field]
    assert User.objects.count() == 1


def test_a_name_and_an_address_are_judged_as_they_are_kept(db: None) -> None:
    """What looks alike is one, and may then be longer, or not be a name at all."""
    assert list(register(username="ﬃ" * 60).json()["fields"]) == ["username"]
    assert list(register(username="ﷺ").json()["fields"]) == ["username"]
    assert list(register(email=f"dana@{'.'.join(['İ' * 20] * 11)}.org").json()["fields"]) == ["email"]
    assert not User.objects.exists()
    body = register(username="ﬁn", email="Dana@EXAMPLE.org").json()
    assert (body["username"], body["email"]) == ("fin", "Dana@example.org")
    for username in ("fin", "ﬁn"):
        assert anonymous().post("/api/v1/login/", {**DANA, "username": username}).status_code == 200


def test_every_field_is_asked_for(db: None) -> None:
    answer = anonymous().post("/api/v1/register/", {})
    assert set(answer.json()["fields"]) == {"username", "email", "password"}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", ["username", "email"])
def test_one_of_two_at_once_gets_the_name_and_the_address(same: str, monkeypatch: pytest.MonkeyPatch) -> None:
    both_checked, make = Barrier(2), User.objects.create_user
    answers: list[int] = []

    def make_together(*args: Any) -> User:
        both_checked.wait(60)
        return make(*args)

    def ask(n: int) -> None:
        other = {"username": f"dana{n}", "email": f"dana{n}@example.org"}
        answers.append(register(**{**other, same: DANA[same]}).status_code)
        connection.close()

    monkeypatch.setattr(User.objects, "create_user", make_together)
    threads = [Thread(target=ask, args=[n]) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [201, 400]
    assert User.objects.count() == 1


def test_the_mailed_link_verifies_once(db: None) -> None:
    register()
    assert send_mails() == ["dana@example.org"]
    token = mailed_token()
    assert verify(token).status_code == 204
    assert User.objects.get().email_verified
    answer = verify(token)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_link")


def test_the_database_holds_only_its_hash(db: None) -> None:
    register()
    send_mails()
    dana = User.objects.get()
    secret = mailed_token().partition(".")[2]
    assert dana.email_verification_token == hashlib.sha256(secret.encode()).hexdigest()
    assert not ProcrastinateJob.objects.filter(args__icontains=secret).exists()


def test_it_works_for_a_day(db: None) -> None:
    register()
    send_mails()
    User.objects.update(email_verification_sent_at=timezone.now() - links.VERIFY_WITHIN - timedelta(seconds=1))
    assert verify(mailed_token()).status_code == 400
    User.objects.update(email_verification_sent_at=timezone.now() - links.VERIFY_WITHIN + timedelta(minutes=1))
    assert verify(mailed_token()).status_code == 204


@pytest.mark.parametrize("token", ["", ".", "1.", "x.y", "-1.y", "1" * 30 + ".y", "²." + "y", "1.y\x00", "x" * 201])
def test_no_other_text_verifies(ana: User, token: str) -> None:
    assert verify(token).status_code == 400
    assert verify(f"{ana.pk}.").status_code == 400
    ana.refresh_from_db()
    assert not ana.email_verified


def test_sent_again_the_first_link_is_void(db: None) -> None:
    register()
    send_mails()
    first, dana = mailed_token(), by_token(User.objects.get())
    assert dana.post("/api/v1/verify-email/resend/").status_code == 204
    assert send_mails() == [], "one was sent just now"
    forget_the_last_mail()
    dana.post("/api/v1/verify-email/resend/")
    assert send_mails() == ["dana@example.org"]
    assert verify(first).status_code == 400
    assert verify(mailed_token()).status_code == 204
    forget_the_last_mail()
    assert dana.post("/api/v1/verify-email/resend/").status_code == 204
    assert send_mails() == [], "there is nothing to verify"


def test_a_new_address_is_mailed_a_link_of_its_own(db: None) -> None:
    register()
    send_mails()
    old, dana = mailed_token(), by_token(User.objects.get())
    answer = dana.patch("/api/v1/me/", {"email": "new@example.org", "password": DANA["password"]})
    assert (answer.status_code, answer.json()["email_verified"]) == (200, False)
    assert send_mails() == ["new@example.org"]
    assert verify(old).status_code == 400
    assert verify(mailed_token()).status_code == 204
    assert dana.patch("/api/v1/me/", {"bio": "x"}).json()["email_verified"]
    assert send_mails() == []


def test_a_mail_that_comes_late_goes_nowhere_when_the_account_is_gone_or_verified(db: None) -> None:
    register()
    User.objects.update(email_verified=True)
    assert send_mails() == []
    register(username="ed", email="ed@example.org")
    User.objects.all().delete()
    assert send_mails() == []


def test_nobody_is_sent_a_link_again(db: None) -> None:
    assert anonymous().post("/api/v1/verify-email/resend/").status_code == 401


def test_no_account_without_its_mail(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are one transaction."""
    monkeypatch.setattr(accounts.tasks.mail_verification, "defer", lambda **_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        accounts.register(**DANA)
    assert not User.objects.exists()


# With a started site, the job worker as in production, and a mail server


class Postbox(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self) -> None:
        self.mails: Queue[str] = Queue()
        super().__init__(("127.0.0.1", 0), Delivery)


class Delivery(socketserver.StreamRequestHandler):
    server: Postbox

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip().upper():
            if line == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                self.server.mails.put(b"".join(iter(self.rfile.readline, b".\r\n")).decode())
            self.wfile.write(b"250 fine\r\n")
            if line == b"QUIT":
                return


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_from_the_form_to_the_verified_address(site: Site, postbox: Postbox) -> None:
    address = f"smtp://127.0.0.1:{postbox.server_address[1]}"
    with (
        job_worker(EMAIL_URL=address, SITE_URL="https://study.example/"),
        httpx.Client(base_url=site.http(0), trust_env=False, timeout=60) as http,
    ):
        assert http.post("/api/v1/register/", json=DANA).status_code == 201
        text = postbox.mails.get(timeout=60)
        assert "To: dana@example.org" in text
        token = text.partition("https://study.example/verify-email#")[2].split()[0]
        assert http.post("/api/v1/verify-email/", json={"token": token}).status_code == 204
    assert User.objects.get().email_verified
    assert not mail.outbox


@pytest.mark.parametrize(
    ("language", "asks", "resets"),
    [
        ("en", "Is this your e-mail address?", "A new password"),
        ("de", "Ist das deine E-Mail-Adresse?", "Ein neues Passwort"),
        ("de-at", "Ist das deine E-Mail-Adresse?", "Ein neues Passwort"),
        ("tlh", "Is this your e-mail address?", "A new password"),
    ],
)
def test_an_account_is_written_to_in_its_language(db: None, language: str, asks: str, resets: str) -> None:
    dana = User.objects.create_user("dana", "dana@example.org", language=language)
    accounts.ask_to_verify(dana)
    send_mails()
    links.verify(mailed_token())
    accounts.ask_to_reset(dana.email)
    send_mails()
    assert [sent.subject for sent in mail.outbox] == [asks, resets]
    assert all("dana" in sent.body for sent in mail.outbox)
    assert links.lock_user_to_reset(mailed_token()) == dana
