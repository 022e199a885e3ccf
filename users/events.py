"""Domain events: how a room tells the rooms above it what happened, without knowing them.

`announce` calls the subscribers at once, inside the announcer's transaction, in the order they subscribed. What a
subscriber raises, the announcer gets: a subscriber that must not spoil the transaction, or wants to act after it,
uses `transaction.on_commit`; one that has to act within it, but after all else, `before_commit`.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction

E = TypeVar("E")


@dataclass(frozen=True)
class CredentialsChanged:
    """A password changed, a token was revoked, the user signed out or was disabled: look at their connections."""

    user_id: int


@dataclass(frozen=True)
class AccountClosing:
    """The user closes their account; its row is locked, and still says who they are.

    What has to end by a rule of its own ends now. A subscriber may refuse by raising a DomainError. What is merely
    held on the user is named in `users/personal_data.py`, and goes after this.
    """

    user_id: int


_handlers: dict[type[Any], list[Callable[[Any], None]]] = defaultdict(list)


def subscribe(event_type: type[E], handler: Callable[[E], None]) -> None:
    """Call `handler` for every `event_type` announced from now on. Subscribing twice is subscribing once."""
    if handler not in _handlers[event_type]:
        _handlers[event_type].append(handler)


def announce(event: object) -> None:
    """Tell every subscriber of this event's type, now."""
    for handler in _handlers[type(event)]:
        handler(event)


@dataclass(frozen=True, eq=False)
class BeforeCommit:
    """Waits among the transaction's `on_commit` callbacks, where a savepoint that is rolled back takes it along.

    The database backend (lms/postgresql) finds it there, and calls `function` with the items of all its kind, in order,
    as the transaction's last act. After the commit nothing is left to do.
    """

    function: Callable[[list[Any]], None]
    item: Any

    def __call__(self) -> None:
        pass


def before_commit(function: Callable[[list[E]], None], item: E) -> None:
    """Call `function` once at the end of this transaction, still inside it, with every item given to it meanwhile.

    What it raises undoes the transaction. It may use `transaction.on_commit`; to ask for more by `before_commit` undoes
    the transaction too, for nothing comes after the end. Only within `transaction.atomic`.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("There is no transaction at whose end to act.")
    transaction.on_commit(BeforeCommit(function, item))
