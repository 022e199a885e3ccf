"""Uploaded files that no row names: what an upload left that was killed before its commit (docs/decisions/0077).

Deletes nothing else, and nothing that is younger than a day: its row may be on the way.
"""

import logging
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import FileField

logger = logging.getLogger(__name__)

OLD_SECONDS = 24 * 3600
MOST_AT_ONCE = 10_000
"""The rest is for the next time."""


def delete_orphans() -> int:
    """How many were deleted. Where more files are without a row than with one, the database is hardly theirs: none."""
    named = {name for fields in _fields().values() for field in fields for name in _names(field)}
    orphans = list(islice((path for path, name in _old_files() if name not in named), MOST_AT_ONCE))
    if len(orphans) > len(named):
        logger.error("%s of the files in %s are in no row: none was deleted.", len(orphans), settings.MEDIA_ROOT)
        return 0
    for path in orphans:
        path.unlink(missing_ok=True)
    if orphans:
        logger.info("Deleted %s files that uploads had left behind.", len(orphans))
    return len(orphans)


def _fields() -> dict[str, list[Any]]:
    """All fields for files, by the folder they store them in."""
    found: dict[str, list[Any]] = defaultdict(list)
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, FileField):
                found[str(field.upload_to)].append(field)
    return found


def _names(field: Any) -> Iterator[str]:
    return iter(field.model._base_manager.values_list(field.name, flat=True).iterator())


def _old_files() -> Iterator[tuple[Path, str]]:
    """Each file older than OLD_SECONDS in the folders of these fields: where it is, and how a row would name it."""
    before = time.time() - OLD_SECONDS
    for folder in _fields():
        place = Path(settings.MEDIA_ROOT) / folder
        if not place.is_dir():
            continue
        with os.scandir(place) as entries:
            for entry in entries:
                if entry.is_file(follow_symlinks=False) and entry.stat().st_mtime < before:
                    yield Path(entry.path), f"{folder}{entry.name}"
