import hashlib
from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest
from django.db import connection
from django.utils import timezone

from tests.people import PASSWORD, token_of
from tests.rest import anonymous, by_cookie, by_token, queries_of
from users import tasks, tokens
from users.events import CredentialsChanged
from users.models import APIToken, User


def ask(**fields: object):
    return anonymous().post("/api/v1/tokens/", {"username": "ana", "password": PASSWORD, "name": "phone", **fields})


def test_a_token_is_shown_once_and_signs_in(ana: User) -> None:
    answer = ask()
    assert answer.status_code == 201
    body = answer.json()
    assert set(body) == {"id", "name", "token", "expires_at"}
    assert body["token"].startswith("sb_")
    phone = anonymous()
    phone.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
    assert phone.get("/api/v1/me/").json()["username"] == "ana"
    listed = phone.get("/api/v1/tokens/").json()
    assert listed["count"] == 1
    assert set(listed["results"][0]) == {"id", "name", "created_at", "last_used", "expires_at", "is_active"}


def test_the_database_holds_only_its_hash(ana: User) -> None:
    raw = ask().json()["token"]
    assert APIToken.objects.get().token == hashlib.sha256(raw.encode()).hexdigest()


@pytest.mark.parametrize("given", [{}, {"expires_at": None}])
def test_it_expires_in_ninety_days_unless_told(ana: User, given: dict) -> None:
    expires_at = datetime.fromisoformat(ask(**given).json()["expires_at"])
    assert abs(expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)


def test_it_expires_when_told(ana: User) -> None:
    assert ask(expires_at="2099-01-01T00:00:00Z").json()["expires_at"] == "2099-01-01T00:00:00Z"
    assert APIToken.objects.get().expires_at == datetime(2099, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("expires_at", ["2020-01-01T00:00:00Z", "soon", 5, "9999-12-31T23:59:59-12:00"])
def test_an_impossible_expiry_is_refused(ana: User, expires_at: object) -> None:
    answer = ask(expires_at=expires_at)
    assert answer.status_code == 400
    assert "expires_at" in answer.json()["fields"]
    assert not APIToken.objects.exists()


@pytest.mark.parametrize("name", ["", "n" * 101, None])
def test_a_token_needs_a_name_that_fits(ana: User, name: object) -> None:
    assert "name" in ask(name=name).json()["fields"]


def test_names_may_repeat(ana: User) -> None:
    assert ask().json()["id"] != ask().json()["id"]


@pytest.mark.parametrize("fields", [{"password": "wrong"}, {"username": "nobody"}])
def test_wrong_credentials_get_no_token(ana: User, fields: dict) -> None:
    answer = ask(**fields)
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"


def test_a_disabled_account_gets_no_token(ana: User) -> None:
    User.objects.update(is_active=False)
    assert ask().status_code == 401


def test_an_old_token_in_the_header_does_not_keep_a_phone_from_a_new_one(ana: User) -> None:
    client = by_cookie(ana)
    client.credentials(HTTP_AUTHORIZATION="Bearer sb_old")
    answer = client.post("/api/v1/tokens/", {"username": "ana", "password": PASSWORD, "name": "phone"})
    assert answer.status_code == 201


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer sb_wrong", "bearer a b", "Bearer é", "Bearer " + "x" * 500]
)
def test_a_bad_token_never_falls_back_to_the_cookie(ana: User, header: str) -> None:
    client = by_cookie(ana)
    client.credentials(HTTP_AUTHORIZATION=header)
    answer = client.get("/api/v1/me/")
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"].startswith("Bearer")


def test_another_scheme_is_not_ours_to_judge(ana: User) -> None:
    client = by_cookie(ana)
    client.credentials(HTTP_AUTHORIZATION="Basic YW5hOnN0dWR5YmVhdA==")
    assert client.get("/api/v1/me/").status_code == 200


@pytest.mark.parametrize(
    "spoil",
    [
        {"expires_at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"is_active": False},
    ],
)
def test_an_expired_or_disabled_token_is_refused(ana: User, spoil: dict) -> None:
    client = by_token(ana)
    assert client.get("/api/v1/me/").status_code == 200
    APIToken.objects.update(**spoil)
    assert client.get("/api/v1/me/").status_code == 401


def test_at_night_the_expired_ones_go(ana: User) -> None:
    tokens.issue(user=ana, name="expired", expires_at=timezone.now() - timedelta(seconds=1))
    tokens.issue(user=ana, name="in use")
    APIToken.objects.create(user=ana, name="without an end", token="x" * 64)
    tasks.forget_traces.func(0)
    assert set(APIToken.objects.values_list("name", flat=True)) == {"in use", "without an end"}


def test_a_disabled_accounts_token_is_refused(ana: User) -> None:
    client = by_token(ana)
    User.objects.update(is_active=False)
    assert client.get("/api/v1/me/").status_code == 401


def test_revoking_a_token_ends_it_and_tells_who_listens(ana: User, announced: list) -> None:
    phone, laptop = by_token(ana), by_cookie(ana)
    csrf = laptop.get("/api/v1/me/").cookies["csrftoken"].value
    token_id = laptop.get("/api/v1/tokens/").json()["results"][0]["id"]
    answer = laptop.delete(f"/api/v1/tokens/{token_id}/", HTTP_X_CSRFTOKEN=csrf)
    assert (answer.status_code, answer.content) == (204, b"")
    assert announced == [CredentialsChanged(ana.pk)]
    assert phone.get("/api/v1/me/").status_code == 401


def test_somebody_elses_token_is_not_found(ana: User, ben: User) -> None:
    token_of(ben)
    client = by_token(ana)
    assert client.get("/api/v1/tokens/").json()["count"] == 1
    for token_id in (APIToken.objects.get(user=ben).pk, 0, 2**63, 10**30):
        answer = client.delete(f"/api/v1/tokens/{token_id}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert APIToken.objects.count() == 2


def test_the_two_hundred_and_first_takes_the_place_of_the_least_recently_used(ana: User, announced: list) -> None:
    ids = [tokens.issue(user=ana, name=f"phone {n}")[0].pk for n in range(tokens.MAX_TOKENS_A_USER)]
    assert not announced
    long_ago = timezone.now() - timedelta(days=30)
    APIToken.objects.filter(pk=ids[0]).update(created_at=long_ago, last_used=timezone.now())
    APIToken.objects.filter(pk=ids[7]).update(created_at=long_ago)
    APIToken.objects.filter(pk=ids[9]).update(last_used=long_ago + timedelta(days=1))
    tokens.issue(user=ana, name="one more")
    assert set(ids) - set(APIToken.objects.values_list("pk", flat=True)) == {ids[7]}
    assert announced == [CredentialsChanged(ana.pk)]


@pytest.mark.django_db(transaction=True)
def test_parallel_sign_ins_do_not_pass_the_limit_together(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MAX_TOKENS_A_USER", 3)

    def issue() -> None:
        for _ in range(5):
            tokens.issue(user=ana, name="phone")
        connection.close()

    threads = [Thread(target=issue) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert APIToken.objects.count() == 3


def test_last_used_is_kept_without_a_write_for_every_request(ana: User, django_assert_num_queries) -> None:
    client = by_token(ana)
    client.get("/api/v1/me/")
    first = APIToken.objects.get().last_used
    assert first is not None
    with django_assert_num_queries(2):  # of the token, and of the count of requests
        client.get("/api/v1/schema/")
    assert APIToken.objects.get().last_used == first
    APIToken.objects.update(last_used=timezone.now() - tokens.LAST_USED_STEP - timedelta(seconds=1))
    client.get("/api/v1/me/")
    assert APIToken.objects.get().last_used > first


def test_the_list_takes_as_many_queries_for_a_hundred_tokens_as_for_one(ana: User) -> None:
    client = by_token(ana)
    few = queries_of(client, "/api/v1/tokens/?page_size=200")
    for n in range(99):
        token_of(ana, f"phone {n}")
    assert queries_of(client, "/api/v1/tokens/?page_size=200") == few
    assert client.get("/api/v1/tokens/?page_size=200").json()["count"] == 100
