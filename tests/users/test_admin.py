"""Accounts in the admin."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models.signals import pre_save
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from tests.conftest import token_of
from tests.courses.uploads import MARK, picture, png_bomb
from tests.people import PASSWORD
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


@pytest.fixture
def client(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


@pytest.fixture
def act(client: Client) -> Callable[..., list[str]]:
    """Run an action of the list over these rows; gives the messages it leaves."""

    def run(action: str, *rows: Any, confirm: bool = False) -> list[str]:
        meta = rows[0]._meta
        data: dict[str, Any] = {"action": action, "_selected_action": [row.pk for row in rows]}
        if confirm:
            data["post"] = "yes"
        response = client.post(reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"), data)
        assert response.status_code in (200, 302)
        return [str(message) for message in get_messages(response.wsgi_request)]

    return run


def test_unlock(ana: User, act: Callable[..., list[str]]) -> None:
    User.objects.filter(pk=ana.pk).update(failed_login_attempts=9, account_locked_until=timezone.now())

    assert act("unlock", ana) == ["1 unlocked."]

    ana.refresh_from_db()
    assert (ana.failed_login_attempts, ana.account_locked_until) == (0, None)


def test_a_picture_is_read_as_one_over_rest(client: Client, ana: User, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path

    def save(name: str, body: bytes) -> Any:
        page = reverse("admin:users_user_change", args=[ana.pk])
        shown = client.get(page).context["adminform"].form
        form = {name: value for name, value in shown.initial.items() if isinstance(value, str | bool) and value}
        inlines = {f"{prefix}-{part}_FORMS": 0 for prefix in PROFILES for part in ("TOTAL", "INITIAL")}
        return client.post(page, {**form, **inlines, "avatar": SimpleUploadedFile(name, body)})

    refused = save("me.png", png_bomb())
    assert "avatar" in refused.context["adminform"].form.errors
    assert save("me.png", picture() + MARK).status_code == 302
    ana.refresh_from_db()
    (kept,) = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert kept.read_bytes() == ana.avatar.read()
    assert MARK not in kept.read_bytes()
    with Image.open(kept) as shown:
        assert (shown.format, shown.size) == ("WEBP", (512, 512))


PROFILES = ("student_profile", "instructor_profile")


def test_disable_signs_them_out(ana: User, ben: User, act: Callable[..., list[str]], announced: list[int]) -> None:
    assert act("disable", ana, ben) == ["2 disabled."]

    assert not User.objects.filter(pk__in=[ana.pk, ben.pk], is_active=True).exists()
    assert announced == [ana.pk, ben.pk]


def test_nobody_disables_their_own_account(
    admin: User, ana: User, act: Callable[..., list[str]], announced: list[int]
) -> None:
    assert act("disable", admin, ana) == ["You cannot disable your own account.", "1 disabled."]

    admin.refresh_from_db()
    assert admin.is_active
    assert announced == [ana.pk]


def test_make_instructor(ana: User, act: Callable[..., list[str]]) -> None:
    act("make_instructor", ana)
    ana.refresh_from_db()
    assert ana.role == "instructor"


def test_a_password_set_by_staff_is_announced(client: Client, ana: User, announced: list[int]) -> None:
    address = reverse("admin:auth_user_password_change", args=[ana.pk])
    password = "correct horse battery"

    response = client.post(address, {"password1": password, "password2": password, "usable_password": "true"})

    assert response.status_code == 302
    ana.refresh_from_db()
    assert ana.check_password(password)
    assert announced == [ana.pk]


def test_who_may_sign_in_by_no_password_any_more_is_signed_out(client: Client, ana: User, announced: list[int]) -> None:
    token_of(ana)
    address = reverse("admin:auth_user_password_change", args=[ana.pk])

    none = {"password1": "", "password2": "", "usable_password": "false", "unset-password": ""}
    response = client.post(address, none)

    assert response.status_code == 302
    ana.refresh_from_db()
    assert not ana.has_usable_password()
    assert not ana.api_tokens.exists()
    assert announced == [ana.pk]


def page_of(user: User, **changed: str) -> dict[str, str]:
    """What the page of an account sends, with nothing checked."""
    return {
        "username": user.username, "role": "student", "email": user.email, "timezone": "UTC", "language": "en",
        "student_profile-TOTAL_FORMS": "0", "student_profile-INITIAL_FORMS": "0",
        "instructor_profile-TOTAL_FORMS": "0", "instructor_profile-INITIAL_FORMS": "0",
        **changed,
    }  # fmt: skip


@pytest.mark.parametrize("page", ["users_user_change", "auth_user_password_change"])
def test_what_a_sign_in_counts_meanwhile_is_kept(client: Client, ana: User, page: str) -> None:
    password = {"password1": "correct horse", "password2": "correct horse", "usable_password": "true"}
    form = {**page_of(ana, first_name="Anna", is_active="on"), **password}

    def sign_in_fails(**_: Any) -> None:
        User.objects.filter(pk=ana.pk).update(failed_login_attempts=3)

    pre_save.connect(sign_in_fails, sender=User)
    try:
        assert client.post(reverse(f"admin:{page}", args=[ana.pk]), form).status_code == 302
    finally:
        pre_save.disconnect(sign_in_fails, sender=User)
    before = (ana.first_name, ana.password)
    ana.refresh_from_db()
    assert (ana.first_name, ana.password) != before
    assert ana.failed_login_attempts == 3


def test_unchecking_active_is_announced(client: Client, ana: User, announced: list[int]) -> None:
    response = client.post(reverse("admin:users_user_change", args=[ana.pk]), page_of(ana))

    assert response.status_code == 302, response.context["adminform"].form.errors
    ana.refresh_from_db()
    assert not ana.is_active
    assert announced == [ana.pk]


def test_an_account_with_nothing_of_its_own_can_be_deleted(
    ana: User, act: Callable[..., list[str]], announced: list[int]
) -> None:
    token_of(ana)
    act("delete_selected", ana, confirm=True)
    assert not User.objects.filter(pk=ana.pk).exists()
    assert announced == [ana.pk]


@pytest.mark.parametrize("name", ["ana", "ines"])
def test_an_account_that_learned_or_teaches_is_disabled_instead(intro: Any, client: Client, name: str) -> None:
    user = User.objects.get(username=name)
    listed = client.post(
        reverse("admin:users_user_changelist"),
        {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"},
    )
    page = client.post(reverse("admin:users_user_delete", args=[user.pk]), {"post": "yes"})

    for response in (listed, page):
        assert "Disable them instead." in response.content.decode()
    assert User.objects.filter(pk=user.pk).exists()


def test_no_token_is_ever_shown(client: Client, ana: User) -> None:
    raw = token_of(ana)
    token = APIToken.objects.get()
    pages = [
        reverse("admin:users_apitoken_changelist") + "?q=ana",
        reverse("admin:users_apitoken_change", args=[token.pk]),
        reverse("admin:users_user_change", args=[ana.pk]),
        reverse("admin:users_user_delete", args=[ana.pk]),
    ]
    for page in pages:
        text = client.get(page).content.decode()
        assert raw not in text
        assert token.token not in text
    assert client.get(reverse("admin:users_apitoken_add")).status_code == 403


def test_a_token_deleted_by_staff_is_announced(ana: User, act: Callable[..., list[str]], announced: list[int]) -> None:
    token_of(ana)
    act("delete_selected", APIToken.objects.get(), confirm=True)
    assert not APIToken.objects.exists()
    assert announced == [ana.pk]


def test_signing_out_here_is_announced_as_anywhere(client: Client, admin: User, announced: list[int]) -> None:
    assert client.get(reverse("admin:logout")).status_code == 405
    assert client.post(reverse("admin:logout"), follow=True).redirect_chain[-1][0].startswith("/admin/login/")
    assert announced == [admin.pk]
    client.post(reverse("admin:logout"))
    assert announced == [admin.pk]


def test_the_own_password_is_changed_where_wrong_ones_are_counted(client: Client, admin: User) -> None:
    new = {"old_password": PASSWORD, "new_password1": "a long one, of words", "new_password2": "a long one, of words"}
    for answer in (client.get(reverse("admin:password_change")), client.post(reverse("admin:password_change"), new)):
        assert (answer.status_code, answer["Location"]) == (302, "/profile")
    admin.refresh_from_db()
    assert admin.check_password(PASSWORD)


def test_an_account_can_be_made_and_found(client: Client) -> None:
    data = {
        "username": "dana", "email": "dana@example.org", "role": "instructor", "usable_password": "true",
        "password1": "correct horse", "password2": "correct horse",
        "student_profile-TOTAL_FORMS": "0", "student_profile-INITIAL_FORMS": "0",
        "instructor_profile-TOTAL_FORMS": "0", "instructor_profile-INITIAL_FORMS": "0",
    }  # fmt: skip
    response = client.post(reverse("admin:users_user_add"), data)
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert "dana" in client.get(reverse("admin:users_user_changelist") + "?q=dana@example").content.decode()
