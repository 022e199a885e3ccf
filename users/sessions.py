"""Where the browsers that are signed in are kept: SESSION_ENGINE."""

from typing import Any

from django.contrib.sessions.backends import db


class SessionStore(db.SessionStore):
    """Django's, in the database; it does not look there for what can't be a key. PostgreSQL takes no NUL in a text."""

    def _validate_session_key(self, key: Any) -> bool:
        is_long_enough: bool = super()._validate_session_key(key)  # type: ignore[misc]
        return is_long_enough and key.isascii() and key.isalnum()
