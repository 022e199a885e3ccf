"""Seats over REST: what is answered, to whom, and what it costs."""

from typing import Any

import pytest

from courses.models import Course, CourseEnrollment
from tests.courses.seating import pass_time, queue
from tests.people import enroll, make_course, make_user
from tests.rest import anonymous, by_cookie, by_token, queries_of
from users.models import User

API = "/api/v1"


@pytest.fixture
def seminar(ines: User, ana: User) -> Course:
    """One seat, which ana has."""
    course = make_course(ines, "seminar", max_capacity=1)
    enroll(ana, course)
    return course


def post(user: User, path: str, data: Any = None) -> tuple[int, Any]:
    answer = by_token(user).post(f"{API}/{path}", data)
    return answer.status_code, answer.json()


def refused(user: User, path: str, data: Any = None) -> tuple[int, str]:
    status, body = post(user, path, data)
    return status, body["code"]


def waitlist_of(user: User) -> Any:
    return by_token(user).get(f"{API}/courses/seminar/").json()["waitlist"]


# One's own moves -----------------------------------------------------------------------------------------------


def test_enrolling_answers_with_the_enrollment(intro: Course, chidi: User) -> None:
    status, enrolled = post(chidi, "courses/intro/enroll/")
    assert (status, enrolled["status"], enrolled["course"], enrolled["student"]) == (201, "enrolled", "intro", "chidi")
    assert refused(chidi, "courses/intro/enroll/") == (409, "already_enrolled")
    assert anonymous().post(f"{API}/courses/intro/enroll/").status_code == 401
    assert by_cookie(chidi).post(f"{API}/courses/intro/enroll/").status_code == 403  # without the CSRF token


@pytest.mark.parametrize("has_waitlist", [True, False])
def test_a_full_course_says_whether_one_can_wait(seminar: Course, ben: User, has_waitlist: bool) -> None:
    Course.objects.update(waitlist_enabled=has_waitlist)
    status, body = post(ben, "courses/seminar/enroll/")
    assert (status, body["code"], body["waitlist"]) == (409, "course_full", has_waitlist)


def test_a_restricted_course_is_403_and_an_unseen_one_404(ines: User, ana: User) -> None:
    make_course(ines, "circle", enrollment_type="restricted")
    make_course(ines, "draft", status="draft")
    make_course(ines, "old", status="archived")
    assert refused(ana, "courses/circle/enroll/") == (403, "restricted")
    for slug in ("draft", "old", "unknown"):
        for move in ("enroll", "withdraw", "waitlist", "waitlist/accept", "waitlist/decline"):
            assert refused(ana, f"courses/{slug}/{move}/") == (404, "not_found")
    assert refused(ines, "courses/draft/enroll/") == (409, "course_closed")


def test_the_life_of_a_place_in_the_queue(seminar: Course, ana: User, ben: User, chidi: User) -> None:
    assert post(ben, "courses/seminar/waitlist/") == (200, {"position": 1, "offer_expires_at": None})
    assert post(chidi, "courses/seminar/waitlist/") == (200, {"position": 2, "offer_expires_at": None})
    assert post(ben, "courses/seminar/waitlist/") == (200, {"position": 1, "offer_expires_at": None})
    assert refused(ben, "courses/seminar/waitlist/accept/") == (409, "no_offer")

    assert post(ana, "courses/seminar/withdraw/")[1]["status"] == "withdrawn"
    place = waitlist_of(ben)
    assert place["position"] == 0
    assert place["offer_expires_at"].endswith("Z")
    assert waitlist_of(chidi) == {"position": 1, "offer_expires_at": None}

    gone = {"position": None, "offer_expires_at": None}
    assert post(ben, "courses/seminar/waitlist/decline/") == (200, gone)
    assert waitlist_of(ben) is None
    assert waitlist_of(chidi)["position"] == 0
    assert by_token(ben).delete(f"{API}/courses/seminar/waitlist/").json()["code"] == "not_waiting"

    status, accepted = post(chidi, "courses/seminar/waitlist/accept/")
    assert (status, accepted["status"], accepted["student"]) == (200, "enrolled", "chidi")
    assert refused(chidi, "courses/seminar/waitlist/accept/") == (409, "already_enrolled")
    assert post(ben, "courses/seminar/waitlist/")[1]["position"] == 1
    assert by_token(ben).delete(f"{API}/courses/seminar/waitlist/").json() == gone


def test_a_lapsed_offer_is_named(seminar: Course, ana: User, ben: User) -> None:
    from courses import waitlist

    post(ben, "courses/seminar/waitlist/")
    post(ana, "courses/seminar/withdraw/")
    pass_time(hours=25)
    assert waitlist_of(ben) is None
    waitlist.roll_on()
    assert refused(ben, "courses/seminar/waitlist/accept/") == (409, "offer_lapsed")


def test_a_free_seat_is_not_waited_for(intro: Course, chidi: User) -> None:
    assert refused(chidi, "courses/intro/waitlist/") == (409, "course_not_full")


# The owner's ---------------------------------------------------------------------------------------------------


def test_the_owner_decides_about_requests(ines: User, ana: User, ben: User) -> None:
    make_course(ines, "mentored", enrollment_type="approval")
    requests = [post(user, "courses/mentored/enroll/")[1]["id"] for user in (ana, ben)]
    listed = by_token(ines).get(f"{API}/courses/mentored/enrollments/?status=pending").json()
    assert [(one["id"], one["student"]) for one in listed["results"]] == [(requests[1], "ben"), (requests[0], "ana")]

    assert post(ines, f"enrollments/{requests[0]}/approve/")[1]["status"] == "enrolled"
    rejected = post(ines, f"enrollments/{requests[1]}/reject/", {"reason": "Next year."})[1]
    assert (rejected["status"], rejected["rejection_reason"]) == ("rejected", "Next year.")
    assert refused(ines, f"enrollments/{requests[0]}/approve/") == (409, "move_not_allowed")
    assert refused(ines, f"enrollments/{requests[0]}/pause/", {"reason": "x" * 1001}) == (400, "invalid")
    for move, status in (("pause", "paused"), ("resume", "enrolled"), ("withdraw", "withdrawn")):
        assert post(ines, f"enrollments/{requests[0]}/{move}/")[1]["status"] == status
    left = by_token(ines).get(f"{API}/courses/mentored/enrollments/?status=pending").json()
    assert left["count"] == 0
    assert by_token(ines).get(f"{API}/courses/mentored/enrollments/?status=lost").status_code == 400


def test_the_owner_finds_learners_by_name_and_orders_them(ines: User, ana: User, ben: User, chidi: User) -> None:
    course = make_course(ines, "large")
    for user, percentage in ((ana, 20), (ben, 90), (chidi, 50)):
        enroll(user, course)
        CourseEnrollment.objects.filter(student=user, course=course).update(progress_percentage=percentage)
    User.objects.filter(pk=ben.pk).update(last_name="Adeyemi")

    def found(query: str) -> list[str]:
        answer = by_token(ines).get(f"{API}/courses/large/enrollments/?{query}").json()
        return [one["student"] for one in answer["results"]]

    assert found("") == ["chidi", "ben", "ana"]
    assert found("search=ADEY") == found("search=ben") == ["ben"]
    assert found("search=nobody") == []
    assert found("ordering=progress_percentage") == ["ana", "chidi", "ben"]
    assert found("ordering=-progress_percentage&status=enrolled") == ["ben", "chidi", "ana"]


MOVES = ("approve", "reject", "pause", "resume", "withdraw")


def test_somebody_elses_enrollment_is_not_there(intro: Course, ana: User, ben: User, admin: User) -> None:
    row = CourseEnrollment.objects.get(student=ana)
    other_owner = make_user("otto", role="instructor")
    for move in MOVES:
        for stranger in (ben, other_owner):
            assert refused(stranger, f"enrollments/{row.pk}/{move}/") == (404, "not_found")
        assert refused(ana, f"enrollments/0/{move}/") == (404, "not_found")
        if move != "withdraw":
            assert refused(ana, f"enrollments/{row.pk}/{move}/") == (403, "forbidden")
    assert post(admin, f"enrollments/{row.pk}/pause/")[0] == 200
    assert post(ana, f"enrollments/{row.pk}/withdraw/")[1]["status"] == "withdrawn"


def test_what_is_the_owners_is_404_to_everybody_else(seminar: Course, ana: User, ines: User, admin: User) -> None:
    make_course(ines, "draft", status="draft")
    entry = f"{API}/courses/seminar/waitlist/1/"
    for path in ("waitlist/", "enrollments/"):
        assert by_token(ana).get(f"{API}/courses/seminar/{path}").json()["code"] == "not_found"
        assert by_token(ana).get(f"{API}/courses/draft/{path}").json()["code"] == "not_found"
        assert by_token(ines).get(f"{API}/courses/seminar/{path}").status_code == 200
        assert by_token(admin).get(f"{API}/courses/seminar/{path}").status_code == 200
        assert anonymous().get(f"{API}/courses/seminar/{path}").status_code == 401
    assert by_token(ana).patch(entry, {"priority": 1, "reason": "Me."}).status_code == 404
    assert refused(ana, "courses/seminar/enrollments/import/", {"learners": ["ana"]}) == (404, "not_found")
    assert refused(ana, "courses/draft/enrollments/import/", {"learners": ["ana"]}) == (404, "not_found")


def test_the_owner_sets_a_priority_and_may_say_why(seminar: Course, ines: User, ben: User, chidi: User) -> None:
    for user in (ben, chidi):
        post(user, "courses/seminar/waitlist/")
    listed = by_token(ines).get(f"{API}/courses/seminar/waitlist/").json()["results"]
    assert [(one["student"], one["student_name"], one["position"], one["priority"]) for one in listed] == [
        ("ben", "Ben", 1, 1),
        ("chidi", "Chidi", 2, 1),
    ]
    path = f"{API}/courses/seminar/waitlist/{listed[1]['id']}/"
    for bad in ({"priority": -1}, {"reason": "x"}, {"priority": 0, "reason": "x" * 1001}):
        assert by_token(ines).patch(path, bad).status_code == 400
    moved = by_token(ines).patch(path, {"priority": 2}).json()
    assert (moved["student"], moved["position"], moved["priority"]) == ("chidi", 2, 2)
    moved = by_token(ines).patch(path, {"priority": 0, "reason": "Moves away soon."}).json()
    assert (moved["student"], moved["position"], moved["priority"]) == ("chidi", 1, 0)
    trail = seminar.enrollment_events.filter(kind="priority").values_list("reason", flat=True)
    assert list(trail) == ["1 → 2", "2 → 0: Moves away soon."]
    assert queue(seminar) == [("chidi", 1), ("ben", 2)]
    other = make_course(ines, "other")
    elsewhere = f"{API}/courses/{other.slug}/waitlist/{listed[1]['id']}/"
    assert by_token(ines).patch(elsewhere, {"priority": 0, "reason": "x"}).status_code == 404


def test_lists_take_as_many_queries_for_a_hundred_as_for_one(seminar: Course, ines: User, ben: User) -> None:
    from courses import waitlist

    client = by_token(ines)
    waitlist.join(course=seminar, student=ben)
    paths = [f"{API}/courses/seminar/waitlist/?page_size=200", f"{API}/courses/seminar/enrollments/?page_size=200"]
    few = [queries_of(client, path) for path in paths]
    for number in range(99):
        waitlist.join(course=seminar, student=make_user(f"waiting-{number}"))
        enroll(make_user(f"in-{number}"), seminar)
    assert [client.get(path).json()["count"] for path in paths] == [100, 100]
    assert [queries_of(client, path) for path in paths] == few


def test_the_page_of_a_course_costs_the_same_whoever_waits(seminar: Course, ben: User) -> None:
    from courses import waitlist

    waitlist.join(course=seminar, student=ben)
    few = queries_of(by_token(ben), f"{API}/courses/seminar/")
    for number in range(20):
        waitlist.join(course=seminar, student=make_user(f"waiting-{number}"))
    assert queries_of(by_token(ben), f"{API}/courses/seminar/") == few
