"""What the accounts' models and their table hold to."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection

from tests.conftest import make_user
from users import events
from users.events import CredentialsChanged
from users.models import APIToken, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The users whose credentials were announced as changed."""
    seen: list[int] = []
    monkeypatch.setattr(events, "_handlers", {CredentialsChanged: [lambda event: seen.append(event.user_id)]})
    return seen


def test_a_new_account_is_a_student_who_gets_mail_and_counts_in_utc() -> None:
    user = User.objects.create_user("dana", password="long enough")

    assert (user.role, user.timezone, user.language, user.is_active) == ("student", "UTC", "en", True)
    assert user.email_notifications
    assert user.push_notifications
    assert user.weekly_digest
    assert not user.email_verified


def test_the_database_refuses_an_address_that_differs_in_case_only(ana: User) -> None:
    with pytest.raises(IntegrityError, match="users_user_email_unique"):
        User.objects.create(username="double", email=ana.email.upper())


def test_several_accounts_may_have_no_address() -> None:
    User.objects.create(username="one")
    User.objects.create(username="two")


def test_a_form_is_told_that_the_address_is_taken(ana: User) -> None:
    double = User(username="double", email=ana.email.title(), password="x")

    with pytest.raises(ValidationError, match="Somebody uses this e-mail address already"):
        double.full_clean()


@pytest.mark.parametrize(("field", "value"), [("timezone", "Mars/Olympus"), ("language", "xx"), ("role", "guru")])
def test_unknown_zones_languages_and_roles_are_refused(ana: User, field: str, value: str) -> None:
    setattr(ana, field, value)

    with pytest.raises(ValidationError) as refused:
        ana.full_clean()
    assert list(refused.value.error_dict) == [field]


def test_a_changed_address_is_unverified() -> None:
    make_user("dana", email_verified=True, email_verification_token="t")
    dana = User.objects.get(username="dana")

    dana.email = "new@example.org"
    dana.save(update_fields=["email"])

    dana.refresh_from_db()
    assert not dana.email_verified
    assert dana.email_verification_token == ""


def test_an_address_that_stays_keeps_its_proof() -> None:
    make_user("dana", email_verified=True)
    dana = User.objects.get(username="dana")

    dana.bio = "New here."
    dana.save()
    User.objects.filter(pk=dana.pk).update(email="elsewhere@example.org")
    dana.refresh_from_db()
    dana.save()

    assert User.objects.get(pk=dana.pk).email_verified


def test_an_object_that_did_not_load_the_address_changes_nothing_about_it() -> None:
    make_user("dana", email_verified=True)
    dana = User.objects.only("bio").get(username="dana")

    dana.bio = "New here."
    dana.save()

    assert User.objects.get(pk=dana.pk).email_verified


def test_a_new_password_and_a_disabled_account_are_announced(ana: User, announced: list[int]) -> None:
    ana.set_password("another one")
    ana.save()
    ana.is_active = False
    ana.save(update_fields=["is_active"])

    assert announced == [ana.pk, ana.pk]


def test_other_changes_are_not_announced(ana: User, announced: list[int]) -> None:
    ana.bio = "New here."
    ana.save()
    ana.set_password("never saved")
    ana.save(update_fields=["bio"])

    assert announced == []


def test_a_token_exists_once(ana: User, ben: User) -> None:
    APIToken.objects.create(user=ana, token="a" * 64, name="Phone")

    with pytest.raises(IntegrityError, match="token"):
        APIToken.objects.create(user=ben, token="a" * 64, name="Phone")


def test_the_indexes_of_the_model_exist() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT regexp_replace(indexdef, '.* USING ', '') FROM pg_indexes"
            " WHERE tablename IN ('users_user', 'users_apitoken')"
        )
        indexes = {row[0] for row in cursor.fetchall()}

    assert {
        "btree (role, is_active)",
        "btree (email_verified)",
        "btree (token)",
        "btree (user_id, is_active)",
        "btree (lower((email)::text)) WHERE (NOT ((email)::text = ''::text))",
    } <= indexes
