import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db.models import F
from django.test import Client
from rest_framework.test import APIClient

from tests.people import PASSWORD
from tests.rest import anonymous, by_cookie, by_token
from users import signin
from users.events import CredentialsChanged
from users.models import APIToken, RateCount, User

ADMIN = "/admin/login/"
WRONG = {"code": "not_authenticated", "detail": signin.WrongCredentials.default_message}


def sign_in(client: APIClient, username: str = "ana", password: str = PASSWORD):
    return client.post("/api/v1/login/", {"username": username, "password": password})


def test_login_answers_with_the_profile_and_sets_both_cookies(ana: User) -> None:
    client = APIClient(enforce_csrf_checks=True)
    answer = sign_in(client)
    assert answer.status_code == 200
    assert answer.json()["username"] == "ana"
    assert "password" not in answer.json()
    assert answer.cookies["sessionid"]["httponly"]
    assert answer.cookies["sessionid"]["samesite"] == "Lax"
    assert answer.cookies["csrftoken"].value
    assert client.get("/api/v1/me/").json() == answer.json()


@pytest.mark.parametrize("username", ["ana", "nobody", "ANA"])
def test_wrong_names_and_passwords_get_one_answer(ana: User, username: str) -> None:
    answer = sign_in(anonymous(), username, "wrong")
    assert (answer.status_code, answer.json()) == (401, WRONG)
    assert "sessionid" not in answer.cookies


def test_a_disabled_account_gets_the_answer_of_a_wrong_password(ana: User) -> None:
    User.objects.update(is_active=False)
    answer = sign_in(anonymous())
    assert (answer.status_code, answer.json()) == (401, WRONG)


@pytest.mark.parametrize("key", [r'"\000aaaaaaaaaaaaaaa"', "short", "no such session as this one", "\u00e9" * 32])
def test_a_cookie_that_is_no_session_is_nobodys(db: None, key: str) -> None:
    """A quoted cookie may say any character, which PostgreSQL would refuse a look-up for."""
    client = Client(headers={"Cookie": f"sessionid={key}"})
    assert client.get("/api/v1/me/").status_code == 401
    assert client.get("/api/v1/subjects/").status_code == 200
    assert client.get("/admin/").status_code == 302


def test_a_stale_token_or_cookie_does_not_keep_anybody_from_signing_in(ana: User) -> None:
    client = by_cookie(ana)
    client.credentials(HTTP_AUTHORIZATION="Bearer sb_stale")
    assert sign_in(client).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "username"),
        ({"username": "ana"}, "password"),
        ({"username": "a\x00na", "password": PASSWORD}, "username"),
        ({"username": "a" * 151, "password": PASSWORD}, "username"),
        ({"username": ["ana"], "password": PASSWORD}, "username"),
    ],
)
def test_an_unreadable_sign_in_names_the_field(ana: User, body: dict, field: str) -> None:
    answer = anonymous().post("/api/v1/login/", body)
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"
    assert field in answer.json()["fields"]


def test_half_a_character_is_refused(ana: User) -> None:
    body = b'{"username": "ana", "password": "\\ud800"}'
    answer = anonymous().post("/api/v1/login/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_json")


def test_blanks_of_a_password_count(ana: User) -> None:
    assert sign_in(anonymous(), password=f" {PASSWORD}").status_code == 401


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"]
)
def test_what_another_sites_form_can_send_is_refused(ana: User, content_type: str) -> None:
    body = '{"username": "ana", "password": "studybeat"}'
    answer = anonymous().post("/api/v1/login/", body, content_type=content_type)
    assert answer.status_code == 415


def test_signing_in_changes_the_session_key(ana: User) -> None:
    client = anonymous()
    sign_in(client)
    first = client.cookies["sessionid"].value
    client.cookies.pop("csrftoken")
    sign_in(client, "ana", "wrong")
    assert client.get("/api/v1/me/").status_code == 200, "a wrong try does not sign out"
    client.post("/api/v1/logout/")
    sign_in(client)
    assert client.cookies["sessionid"].value != first


def test_logout_ends_the_session_and_tells_who_listens(ana: User, announced: list) -> None:
    client = anonymous()
    sign_in(client)
    answer = client.post("/api/v1/logout/")
    assert (answer.status_code, answer.content) == (204, b"")
    assert not Session.objects.exists()
    assert announced == [CredentialsChanged(ana.pk)]
    assert client.get("/api/v1/me/").status_code == 401


@pytest.mark.parametrize("way", ["/api/v1/login/", ADMIN])
def test_who_signs_in_over_somebody_signs_them_out(ana: User, admin: User, announced: list, way: str) -> None:
    client = anonymous()
    sign_in(client)
    sign_in(client)
    assert announced == [], "it was herself"
    form = {"format": "multipart"} if way == ADMIN else {}
    assert client.post(way, {"username": "admin", "password": PASSWORD}, **form).status_code in {200, 302}
    assert client.get("/api/v1/me/").json()["username"] == "admin"
    assert announced == [CredentialsChanged(ana.pk)]
    assert Session.objects.count() == 1


def test_logout_by_token_revokes_that_token_alone(ana: User) -> None:
    phone, tablet = by_token(ana), by_token(ana)
    assert phone.post("/api/v1/logout/").status_code == 204
    assert phone.get("/api/v1/me/").status_code == 401
    assert tablet.get("/api/v1/me/").status_code == 200
    assert APIToken.objects.count() == 1


def test_logout_by_cookie_wants_the_csrf_token(ana: User) -> None:
    client = by_cookie(ana)
    answer = client.post("/api/v1/logout/")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    csrf = client.get("/api/v1/me/").cookies["csrftoken"].value
    assert client.post("/api/v1/logout/", HTTP_X_CSRFTOKEN=csrf).status_code == 204


def test_logout_of_nobody_is_refused(db: None) -> None:
    assert anonymous().post("/api/v1/logout/").status_code == 401


@pytest.mark.parametrize("path", ["/api/v1/login/", "/api/v1/tokens/"])
def test_after_thirty_failures_an_address_waits_a_minute(ana: User, path: str, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    right = {"username": "ana", "password": PASSWORD, "name": "phone"}
    wrong = {**right, "username": "nobody"}
    for _ in range(5):
        assert anonymous().post(path, right).status_code in {200, 201}, "success does not count"
    for _ in range(29):
        assert anonymous().post(path, wrong).status_code == 401
    assert Client().post(ADMIN, wrong).status_code == 200, "the admin counts too"
    for body in (wrong, right):
        answer = anonymous().post(path, body)
        assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
        assert 0 < int(answer["Retry-After"]) <= 60
    answer = anonymous().post(path, right, HTTP_X_FORWARDED_FOR="192.0.2.1")
    assert answer.status_code == 429, "what a client says of itself is not believed"
    assert anonymous().post(path, right, REMOTE_ADDR="192.0.2.1").status_code in {200, 201}
    assert anonymous().get("/api/v1/courses/").status_code == 200
    a_minute_passes()
    assert anonymous().post(path, right).status_code in {200, 201}


@pytest.mark.parametrize(
    ("one", "neighbour", "stranger"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:3::1"),
        ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
    ],
)
def test_the_addresses_of_one_machine_count_as_one(db: None, one: str, neighbour: str, stranger: str) -> None:
    def fail(address: str) -> int:
        wrong = {"username": "nobody", "password": "wrong"}
        return anonymous().post("/api/v1/login/", wrong, REMOTE_ADDR=address).status_code

    assert fail(one) == 401
    assert RateCount.objects.filter(key__startswith="sign-ins").update(count=29) == 1
    assert [fail(neighbour), fail(neighbour), fail(one), fail(stranger)] == [401, 429, 429, 401]


def test_no_address_is_stored_with_its_count(ana: User) -> None:
    for address in ("203.0.113.77", "2001:db8:1:2::7"):
        assert anonymous().post("/api/v1/login/", {"username": "ana", "password": "x"}, REMOTE_ADDR=address)
        assert anonymous().get("/api/v1/courses/", REMOTE_ADDR=address).status_code
    keys = list(RateCount.objects.values_list("key", flat=True))
    assert len([key for key in keys if key.startswith("sign-ins ")]) == 2
    for key in keys:
        assert re.fullmatch(r"(sign-ins|address) [0-9a-f]{32}", key), key


def test_a_user_makes_six_hundred_requests_a_minute(ana: User, ben: User) -> None:
    client = by_token(ana)
    assert client.get("/api/v1/me/").status_code == 200
    RateCount.objects.filter(key=f"user {ana.pk}").update(count=599)
    assert client.get("/api/v1/me/").status_code == 200
    answer = by_cookie(ana).get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert 0 < int(answer["Retry-After"]) <= 60
    assert by_token(ben).get("/api/v1/me/").status_code == 200
    a_minute_passes()
    assert client.get("/api/v1/me/").status_code == 200


def a_minute_passes() -> None:
    RateCount.objects.update(since=F("since") - timedelta(seconds=61))


def test_the_admin_takes_nobody_from_an_address_with_thirty_failures(admin: User) -> None:
    sign_in(anonymous(), password="wrong")
    RateCount.objects.filter(key__startswith="sign-ins").update(count=30)
    right = {"username": "admin", "password": PASSWORD}
    assert Client().post(ADMIN, right).status_code == 200
    assert Client().post(ADMIN, right, REMOTE_ADDR="192.0.2.1").status_code == 302
