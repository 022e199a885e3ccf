"""What a websocket asks about who is behind it: users/authentication.py without HTTP."""

from datetime import UTC, datetime

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.people import make_user, session_of, token_of
from users import tokens
from users.authentication import Credential, credential_from_session, credential_from_token, still_valid
from users.models import APIToken, User


@pytest.fixture
def by_token(ana: User) -> Credential:
    credential = credential_from_token(token_of(ana))
    assert credential is not None
    return credential


@pytest.fixture
def by_session(ana: User) -> Credential:
    credential = credential_from_session(session_of(ana))
    assert credential is not None
    return credential


def test_a_token_tells_who_it_is(ana: User) -> None:
    token, raw = tokens.issue(user=ana, name="phone")
    credential = credential_from_token(raw)
    assert credential is not None
    assert (credential.user_id, credential.username, credential.role) == (ana.pk, "ana", "student")
    assert (credential.kind, credential.token_id, credential.session_key) == ("token", token.pk, None)
    assert credential.expires_at == token.expires_at


def test_a_session_tells_who_it_is(ana: User) -> None:
    key = session_of(ana)
    credential = credential_from_session(key)
    assert credential is not None
    assert (credential.user_id, credential.kind, credential.session_key) == (ana.pk, "session", key)
    assert (credential.token_id, credential.expires_at) == (None, None)


@pytest.mark.parametrize("raw", ["", "sb_", "sb_unknown", "\x00", "\ud800", "x" * 100_000])
def test_no_token_is_no_credential(db: None, raw: str) -> None:
    assert credential_from_token(raw) is None


@pytest.mark.parametrize("key", ["", "short", "unknownunknownunknown", "\x00" * 32, "é" * 32, "x" * 100_000])
def test_no_session_is_no_credential(db: None, key: str) -> None:
    assert credential_from_session(key) is None


def test_a_session_of_nobody_is_no_credential(client, ana: User) -> None:
    session = client.session
    session["theme"] = "dark"
    session.save()
    assert credential_from_session(session.session_key) is None


def test_a_session_from_before_a_password_change_is_no_credential(ana: User) -> None:
    key = session_of(ana)
    ana.set_password("another")
    ana.save()
    assert credential_from_session(key) is None


def test_a_session_survives_a_new_secret_key_with_the_old_one_as_fallback(ana: User, settings) -> None:
    key = session_of(ana)
    settings.SECRET_KEY_FALLBACKS = [django_settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    credential = credential_from_session(key)
    assert credential is not None
    assert still_valid([credential]) == {credential}


def test_both_hold_at_first(by_token: Credential, by_session: Credential) -> None:
    assert still_valid([by_token, by_session]) == {by_token, by_session}


def test_a_password_change_ends_both(ana: User, by_token: Credential, by_session: Credential) -> None:
    ana.set_password("another")
    ana.save()
    assert still_valid([by_token, by_session]) == set()


def test_disabling_the_account_ends_both(ana: User, by_token: Credential, by_session: Credential) -> None:
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert still_valid([by_token, by_session]) == set()


def test_deleting_the_account_ends_both(ana: User, by_token: Credential, by_session: Credential) -> None:
    ana.delete()
    assert still_valid([by_token, by_session]) == set()


@pytest.mark.parametrize(
    "end",
    [
        lambda: APIToken.objects.all().delete(),
        lambda: APIToken.objects.update(is_active=False),
        lambda: APIToken.objects.update(expires_at=datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_revoking_or_expiring_the_token_ends_it_alone(by_token: Credential, by_session: Credential, end) -> None:
    end()
    assert still_valid([by_token, by_session]) == {by_session}


@pytest.mark.parametrize(
    "end",
    [
        lambda: Session.objects.all().delete(),
        lambda: Session.objects.update(expire_date=datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_ending_the_session_ends_it_alone(by_token: Credential, by_session: Credential, end) -> None:
    end()
    assert still_valid([by_token, by_session]) == {by_token}


def test_a_hundred_are_judged_in_as_many_queries_as_one(db: None, by_token: Credential) -> None:
    many = [by_token]
    for n in range(50):
        user = make_user(f"learner{n}")
        for credential in (credential_from_token(token_of(user)), credential_from_session(session_of(user))):
            assert credential is not None
            many.append(credential)
    with CaptureQueriesContext(connection) as few:
        still_valid([many[0], many[-1]])
    with CaptureQueriesContext(connection) as captured:
        assert still_valid(many) == set(many)
    assert len(captured) == len(few) == 3


def test_none_need_no_query(db: None, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert still_valid([]) == set()
