"""The one list of what is held on a user: what `me/export/` hands out, and what stays when the account closes.

Each room names its own models (`register`, when it is ready), so imports keep their direction; a test fails where a
model with a relation to a user, or to a model named here, is not named. docs/privacy.md says the same to people.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import DurationField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from users.models import User

BATCH = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalData:
    """Rows of one model that are held on a user.

    `name`      what the export calls them
    `owner`     the lookup from a row to its user
    `hidden`    columns that the export leaves out: secrets, and what is about somebody else
    `besides`   lookups that the export adds, to name what a row is about
    `at_close`  what becomes of them when the account closes: rows are kept, gone, or kept with these values
    `traces`    columns that say where somebody was, with what they are blanked to after KEEP_ADDRESSES_DAYS
    `since`     the column from which those days count
    """

    name: str
    model: type[Model]
    owner: str
    hidden: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()
    at_close: Literal["kept", "gone"] | Mapping[str, Any] = "kept"
    traces: Mapping[str, Any] = field(default_factory=dict)
    since: str = ""

    def of(self, user: User) -> "QuerySet[Any]":
        return self.model._default_manager.filter(**{self.owner: user.pk})

    def columns(self) -> dict[str, str]:
        """The lookups to export, and the names to give them."""
        own = {
            one.attname: f"{one.attname}_seconds" if isinstance(one, DurationField) else one.attname
            for one in self.model._meta.concrete_fields
            if one.name not in self.hidden
        }
        return own | {lookup: lookup.replace("__", "_") for lookup in self.besides}


_registered: dict[str, PersonalData] = {}


def register(*named: PersonalData) -> None:
    """Name rows that are held on a user."""
    _registered.update({one.name: one for one in named})


def registered() -> list[PersonalData]:
    """In the order in which they were named."""
    return list(_registered.values())


def log_about(user: User) -> list[int]:
    """The entries of the admin's log about rows that are held on the user: they call them by the user's name.

    To be asked for while the rows are there. A model that is named twice is first named for whom its rows are about.
    """
    about = Q()
    for model, data in {data.model: data for data in reversed(registered())}.items():
        ids = data.of(user).order_by().values(text_id=Cast("pk", TextField()))
        about |= Q(content_type=ContentType.objects.get_for_model(model), object_id__in=ids)
    return list(LogEntry.objects.filter(about).values_list("pk", flat=True))


class LoggedData(PersonalData):
    """What the admin's log says of what is held on the user."""

    def of(self, user: User) -> "QuerySet[Any]":
        return LogEntry.objects.filter(pk__in=log_about(user))


def forget(user: User) -> None:
    """The account closes: let go of what is not kept, and blank the traces in what is. Belongs in a transaction."""
    for data in registered():
        if data.at_close == "gone":
            data.of(user).delete()
            continue
        blank = {**data.traces, **(data.at_close if isinstance(data.at_close, Mapping) else {})}
        if blank:
            data.of(user).update(**blank)


def forget_traces() -> int:
    """Blank the traces that are older than KEEP_ADDRESSES_DAYS; how many rows that were.

    In small transactions that wait for nobody: a row that is locked now is blanked tomorrow.
    """
    before = timezone.now() - timedelta(days=settings.KEEP_ADDRESSES_DAYS)
    return sum(blanked for data in registered() if data.traces for blanked in _blank(data, before))


def _blank(data: PersonalData, before: datetime) -> Iterator[int]:
    """Batch by batch, each a transaction: how many rows it was."""
    still_there = Q()
    for name, blank in data.traces.items():
        still_there |= Q(**{f"{name}__isnull": False}) if blank is None else ~Q(**{name: blank})
    old = data.model._default_manager.filter(still_there, **{f"{data.since}__lt": before}).order_by("pk")
    last = 0
    while True:
        with transaction.atomic():
            free = old.select_for_update(skip_locked=True, no_key=True).filter(pk__gt=last)
            ids = list(free.values_list("pk", flat=True)[:BATCH])
            data.model._default_manager.filter(pk__in=ids).update(**data.traces)
        if not ids:
            return
        yield len(ids)
        last = ids[-1]
