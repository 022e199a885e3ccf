"""Examples for the OpenAPI schema of the courses: one of everything, as the demo has it."""

from typing import Any

from drf_spectacular.utils import OpenApiExample


def sent(value: dict[str, Any]) -> list[OpenApiExample]:
    return [OpenApiExample("A request", value=value, request_only=True)]


def answered(value: dict[str, Any]) -> list[OpenApiExample]:
    return [OpenApiExample("An answer", value=value, response_only=True)]


SUBJECT = {"id": 1, "title": "Learning to learn", "slug": "learning"}

NEW_COURSE: dict[str, Any] = {
    "title": "Small seminar",
    "slug": "small-seminar",
    "subject": "learning",
    "overview": "One seat, one instructor.",
    "enrollment_type": "open",
    "max_capacity": 1,
    "waitlist_enabled": True,
}

LISTED_COURSE: dict[str, Any] = {
    **NEW_COURSE,
    "id": 2,
    "difficulty_level": "beginner",
    "estimated_hours": 2,
    "enrollment_count": 1,
    "can_enroll": {"allowed": False, "message": "Course full - can join waitlist"},
    "instructor_name": "Ines",
    "owner": "ines",
    "subject_title": "Learning to learn",
    "certificate_enabled": False,
    "is_anonymous": False,
    "status": "published",
    "published_at": "2026-01-01T09:00:00Z",
    "waitlist": {"position": 2, "offer_expires_at": None},
}

ENROLLMENT: dict[str, Any] = {
    "id": 5,
    "course": "intro-to-live-learning",
    "course_title": "Intro to live learning",
    "student": "ana",
    "student_name": "Ana",
    "status": "enrolled",
    "progress_percentage": 25.0,
    "progress_revision": 9,
    "enrolled_on": "2026-01-01T09:00:00Z",
    "completed_on": None,
    "last_accessed": "2026-01-02T18:30:00Z",
    "total_time_spent_seconds": 1834.25,
    "engaged_seconds": 1502.0,
    "engagement_score": 0.82,
    "approval_requested_at": None,
    "approved_at": None,
    "rejection_reason": "",
    "from_offer": False,
    "certificate": None,
}

CERTIFICATE: dict[str, Any] = {
    "code": "Vn3kq0Tq2m8yJ5uYc1aZ_w7R",
    "holder": "Ana",
    "course": "intro-to-live-learning",
    "course_title": "Intro to live learning",
    "issued_at": "2026-01-12T17:05:00Z",
    "revoked_at": None,
}

ENGAGEMENT: dict[str, Any] = {
    "formula": 1,
    "score": 0.82,
    "weights": {"time": 0.45, "regularity": 0.35, "completion": 0.2},
    "window_days": 14,
    "time": 0.75,
    "engaged_seconds": 5400.0,
    "expected_seconds": 7200.0,
    "regularity": 1.0,
    "active_days": 6,
    "expected_days": 6,
    "completion": 0.66,
    "progress_percentage": 33.0,
    "expected_percentage": 50.0,
}

DAY = {"date": "2026-01-02", "engaged_seconds": 1502.0, "focus_seconds": 1834.25}

TOTALS: dict[str, Any] = {
    "total_students": 3,
    "completed_courses": 1,
    "avg_progress": 58.33,
    "total_learning_time_seconds": 10800.0,
}

ANALYTICS: dict[str, Any] = {
    "course": "intro-to-live-learning",
    "totals": TOTALS,
    "inactive": {
        "count": 1,
        "learners": [
            {
                "enrollment": 5,
                "student": "ana",
                "student_name": "Ana",
                "enrolled_on": "2026-01-01T09:00:00Z",
                "last_accessed": "2026-01-02T18:30:00Z",
                "progress_percentage": 25.0,
                "engagement_score": 0.12,
            }
        ],
    },
    "contents": [
        {
            "content": 12,
            "title": "Welcome",
            "module": "What counts",
            "learners": 3,
            "lower_quartile_seconds": 240.0,
            "median_seconds": 312.5,
            "upper_quartile_seconds": 420.0,
            "estimate_seconds": 300.0,
        }
    ],
    "stops": [{"content": 12, "title": "Welcome", "module": "What counts", "learners": 3, "left": 1}],
    "activity": [{"weekday": 1, "hour": 18, "sessions": 4}],
}

WAITLIST_PLACE: dict[str, Any] = {"position": 2, "offer_expires_at": None}

WAITLIST_ENTRY: dict[str, Any] = {
    "id": 7,
    "student": "ben",
    "student_name": "Ben",
    "position": 2,
    "priority": 1,
    "joined_waitlist": "2026-01-01T09:00:00Z",
    "offer_expires_at": None,
}

REASON = {"reason": "The group is complete."}
PRIORITY = {"priority": 0, "reason": "Graduates in June."}

LEARNERS: dict[str, Any] = {"learners": ["ana", "ben@example.org"], "dry_run": True}
IMPORTED: dict[str, Any] = {"dry_run": True, "enrolled": ["ana", "ben"]}

COURSE: dict[str, Any] = {
    **LISTED_COURSE,
    "waitlist_offer_hours": None,
    "created": "2026-01-01T08:00:00Z",
    "watched_by": "Ines",
    "enrollment": None,
}

PROGRESS: dict[str, Any] = {
    "id": 5,
    "course": "intro-to-live-learning",
    "course_title": "Intro to live learning",
    "status": "enrolled",
    "progress_percentage": 25.0,
    "total_modules": 2,
    "completed_modules": 0,
    "learning_time_hours": 0.51,
    "last_accessed": "2026-01-02T18:30:00Z",
    "engagement_score": 0.82,
}

NEW_TEXT = {"kind": "text", "title": "Welcome", "body": "Take your *time*."}
TEXT: dict[str, Any] = {"id": 31, **NEW_TEXT}

OUTLINE: dict[str, Any] = {
    "course": "intro-to-live-learning",
    "course_title": "Intro to live learning",
    "enrollment": ENROLLMENT,
    "modules": [
        {
            "id": 3,
            "title": "What counts",
            "overview": "",
            "order": 1,
            "percent": 50.0,
            "contents": [
                {
                    "id": 12,
                    "title": "Welcome",
                    "order": 1,
                    "completion_method": "manual",
                    "required_seconds": None,
                    "completed": True,
                    "items": [
                        TEXT,
                        {
                            "id": 32,
                            "kind": "image",
                            "title": "The three states",
                            "url": "/api/v1/items/32/file/",
                            "name": "three-states.png",
                            "size": 20480,
                            "alt": "Engaged turns to in focus after 60 seconds without input.",
                        },
                    ],
                }
            ],
        }
    ],
}

SESSION: dict[str, Any] = {
    "id": 901,
    "key": "0b6f7a5e-52d5-4a5a-9d5c-6f1f6c1f8a11",
    "course": "intro-to-live-learning",
    "content": 12,
    "enrollment": 5,
    "student": "ana",
    "started_at": "2026-01-02T18:00:00Z",
    "ended_at": "2026-01-02T18:30:00Z",
    "end_reason": "closed",
    "state": "focus",
    "duration_seconds": 1800.0,
    "focus_seconds": 1500.0,
    "engaged_seconds": 1200.0,
    "idle_seconds": 240.0,
    "unknown_seconds": 60.0,
    "interactions_count": 312,
    "device_type": "mobile",
    "acked_seq": 181,
}

NEW_MODULE = {"title": "What counts", "overview": ""}
MODULE: dict[str, Any] = {"id": 3, "course": "intro-to-live-learning", "order": 1, **NEW_MODULE}

NEW_CONTENT: dict[str, Any] = {"title": "Five minutes", "completion_method": "time_based", "required_seconds": 300}
CONTENT: dict[str, Any] = {"id": 12, "module": 3, "order": 1, **NEW_CONTENT, "archived_at": None}

ORDER = {"ids": [4, 3]}

COMPLETED: dict[str, Any] = {
    "course": "intro-to-live-learning",
    "enrollment": 5,
    "revision": 9,
    "content": 12,
    "content_completed": True,
    "module": 3,
    "module_percent": 50.0,
    "course_percent": 25.0,
    "status": "enrolled",
}

ENROLLMENT_PROGRESS: dict[str, Any] = {
    "enrollment": 5,
    "course": "intro-to-live-learning",
    "status": "enrolled",
    "completed_on": None,
    "percent": 25.0,
    "revision": 9,
    "time_spent_seconds": 1834.25,
    "engaged_seconds": 1502.0,
    "modules": [
        {
            "id": 3,
            "title": "What counts",
            "order": 1,
            "percent": 50.0,
            "completed_contents": 1,
            "total_contents": 2,
            "completed_at": None,
            "contents": [
                {
                    "id": 12,
                    "title": "Five minutes",
                    "order": 1,
                    "completion_method": "time_based",
                    "required_seconds": 300,
                    "completed": True,
                    "completed_at": "2026-01-02T18:30:00Z",
                    "percent": 100.0,
                    "time_spent_seconds": 420.5,
                    "engaged_seconds": 301.0,
                    "view_count": 2,
                    "last_viewed": "2026-01-02T18:24:00Z",
                }
            ],
        }
    ],
}
