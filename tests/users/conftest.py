from pathlib import Path
from typing import Any

import pytest

from users import events


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    """Where pictures of people are kept, for this test alone."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path / "avatars"


@pytest.fixture
def announced(monkeypatch: pytest.MonkeyPatch) -> list[events.CredentialsChanged]:
    """What was announced of credentials, in order, and reaches nobody else."""
    heard: list[events.CredentialsChanged] = []
    monkeypatch.setitem(events._handlers, events.CredentialsChanged, [heard.append])
    return heard
