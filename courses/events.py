"""What the domain announces (see `users/events.py`): facts, told inside the transaction that makes them true."""

from dataclasses import dataclass


@dataclass(frozen=True)
class SessionsChanged:
    """Somebody else opened these learning sessions, or their access ended: whoever holds them must look."""

    session_ids: tuple[int, ...]
