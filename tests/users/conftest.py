import pytest
from django.core.cache import cache

from users import events


@pytest.fixture(autouse=True)
def no_failed_sign_ins() -> None:
    """The throttles start anew."""
    cache.clear()


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[events.CredentialsChanged]:
    """What was announced of credentials, in order, and reaches nobody else."""
    heard: list[events.CredentialsChanged] = []
    monkeypatch.setitem(events._handlers, events.CredentialsChanged, [heard.append])
    return heard
