"""What an upload leaves behind that is killed: a file that no row names. It goes, and nothing else does."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.core.files.base import ContentFile

from courses.models import Content, File, Image
from lms import orphans
from tests.courses.uploads import picture
from tests.people import token_of
from tests.site import Site
from users.models import User

OLD = time.time() - 2 * orphans.OLD_SECONDS


def age(path: Path) -> Path:
    os.utime(path, (OLD, OLD))
    return path


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def kept(media: Path, ines: User) -> list[Path]:
    """Old files that rows name, in every folder but one."""
    ines.avatar.save("me.webp", ContentFile(b"me"))
    image = Image.objects.create(owner=ines, title="Image", file=ContentFile(picture(), "image.png"))
    file = File.objects.create(owner=ines, title="File", file=ContentFile(b"notes", "notes.txt"))
    return [age(Path(one.path)) for one in (ines.avatar, image.file, file.file)]


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_upload_left_goes(
    make_site: Callable[..., Site], settings: Any, tmp_path: Path, ines: User, content: Content
) -> None:
    site = make_site(app="tests.faults.plants:dies_with_an_upload", env={"DATA_DIR": str(tmp_path)})
    settings.MEDIA_ROOT = tmp_path / "media"
    File.objects.create(owner=ines, title="File", file=ContentFile(b"notes", "notes.txt"))
    with pytest.raises(httpx.TransportError):
        httpx.post(
            f"{site.http()}/api/v1/contents/{content.pk}/items/",
            data={"kind": "file", "title": "An item"},
            files={"file": ("left.txt", b"left")},
            headers={"Authorization": f"Bearer {token_of(ines)}"},
            trust_env=False,
            timeout=60,
        )
    folder = settings.MEDIA_ROOT / "files"
    assert sorted(path.name for path in folder.iterdir()) == ["left.txt", "notes.txt"]
    assert orphans.delete_orphans() == 0, "it is not a day old"
    age(folder / "left.txt")
    assert orphans.delete_orphans() == 1
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]


@pytest.mark.django_db
def test_nothing_else_goes(media: Path, kept: list[Path]) -> None:
    young, elsewhere, folder = media / "images" / "young.png", media / "elsewhere.txt", media / "files" / "folder"
    for path in (young, elsewhere):
        path.write_bytes(b"x")
    age(elsewhere)
    folder.mkdir()
    age(folder)
    assert orphans.delete_orphans() == 0
    assert all(path.exists() for path in (young, elsewhere, folder, *kept))


@pytest.mark.django_db
def test_so_many_at_once(media: Path, kept: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "MOST_AT_ONCE", 2)
    for number in range(3):
        path = media / "files" / f"left{number}.txt"
        path.write_bytes(b"x")
        age(path)
    assert [orphans.delete_orphans() for _ in range(3)] == [2, 1, 0]
    assert all(path.exists() for path in kept)


@pytest.mark.django_db
def test_the_files_of_another_database_stay(media: Path, kept: list[Path]) -> None:
    File.objects.all().delete()
    Image.objects.all().delete()
    User.objects.update(avatar="")
    assert orphans.delete_orphans() == 0
    assert all(path.exists() for path in kept)
