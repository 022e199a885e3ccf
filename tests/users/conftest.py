import pytest

from users import events


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[events.CredentialsChanged]:
    """What was announced of credentials, in order, and reaches nobody else."""
    heard: list[events.CredentialsChanged] = []
    monkeypatch.setitem(events._handlers, events.CredentialsChanged, [heard.append])
    return heard
