"""Courses in the admin: authoring, people, and the records, which are only to be read."""

from courses.admin import authoring, people, records

__all__ = ["authoring", "people", "records"]
