from datetime import date

from tests.rest import anonymous, by_cookie, by_token
from users.models import User


def test_it_shows_the_profile_with_phone_and_preferences(ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(
        bio="Learns by night.", phone_number="+49 30 1234", date_of_birth=date(2001, 2, 3), weekly_digest=False
    )
    assert by_token(ana).get("/api/v1/me/").json() == {
        "id": ana.pk,
        "username": "ana",
        "email": "ana@example.org",
        "first_name": "Ana",
        "last_name": "",
        "role": "student",
        "avatar": None,
        "bio": "Learns by night.",
        "date_of_birth": "2001-02-03",
        "phone_number": "+49 30 1234",
        "email_verified": False,
        "email_notifications": True,
        "push_notifications": True,
        "weekly_digest": False,
        "timezone": "UTC",
        "language": "en",
        "is_staff": False,
        "student_profile": None,
        "instructor_profile": None,
    }


def test_a_browser_gets_a_csrf_cookie_and_a_phone_does_not(ana: User) -> None:
    assert "csrftoken" in by_cookie(ana).get("/api/v1/me/").cookies
    assert not by_token(ana).get("/api/v1/me/").cookies


def test_nobody_is_told_how_to_sign_in(db: None) -> None:
    answer = anonymous().get("/api/v1/me/")
    assert answer.status_code == 401
    assert answer.json()["code"] == "not_authenticated"
    assert answer["WWW-Authenticate"] == 'Bearer realm="studybeat"'
