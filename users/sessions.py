"""Where the browsers that are signed in are kept: SESSION_ENGINE."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.db import transaction

from users.events import CredentialsChanged, announce


class SessionStore(db.SessionStore):
    """Django's, in the database; it does not look there for what can't be a key. PostgreSQL takes no NUL in a text."""

    def flush(self) -> None:
        """Forget the session: whose it was signs out, or somebody else signs in over it, here or in the admin.

        Announces `CredentialsChanged` of whose it was.
        """
        user_id = self.get(SESSION_KEY)
        with transaction.atomic():
            super().flush()
            if user_id is not None:
                announce(CredentialsChanged(int(user_id)))

    def _validate_session_key(self, key: Any) -> bool:
        is_long_enough: bool = super()._validate_session_key(key)  # type: ignore[misc]
        return is_long_enough and key.isascii() and key.isalnum()
