"""The page of a certificate in a real browser: on paper it is one sheet, and on a phone nothing sticks out."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page

from courses import certificates
from courses.models import Certificate, Course
from tests.people import enroll, make_course
from tests.site import Site
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

A4_LANDSCAPE = (842, 595)  # in points
LONG = "Überaus-lange-Wörter-und-Namen "


@pytest.fixture
def certificate(ines: User, ana: User) -> Certificate:
    course = make_course(ines, "intro", certificate_enabled=True)
    certificates.issue(enrollment_ids=[enroll(ana, course, "completed").pk])
    return Certificate.objects.get()


def lengthen() -> None:
    """As long as the columns are."""
    Course.objects.update(title=(LONG * 9)[:200])
    User.objects.filter(username="ana").update(first_name=(LONG * 9)[:150], last_name="W" * 150)


def sheets(address: str, folder: Path) -> list[tuple[int, int]]:
    """The width and height of each sheet that Chromium prints, in points."""
    file = folder / "certificate.pdf"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    subprocess.run(
        [*command, f"--print-to-pdf={file}", address],
        check=True,
        timeout=120,
        capture_output=True,
        env={**os.environ, "HOME": str(folder)},
    )
    document = file.read_bytes()
    pages = len(re.findall(rb"/Type\s*/Page\b", document))
    boxes = re.findall(rb"/MediaBox\s*\[\s*0\s+0\s+([\d.]+)\s+([\d.]+)\s*\]", document)
    assert len(boxes) == pages
    return [(round(float(width)), round(float(height))) for width, height in boxes]


@pytest.mark.parametrize("is_long", [False, True])
@pytest.mark.parametrize("is_revoked", [False, True])
def test_it_is_printed_on_one_sheet(
    site: Site, certificate: Certificate, ines: User, tmp_path: Path, is_long: bool, is_revoked: bool
) -> None:
    if is_long:
        lengthen()
    if is_revoked:
        certificates.revoke(code=certificate.code, actor=ines)
    (sheet,) = sheets(f"{site.http(0)}/certificates/{certificate.code}", tmp_path)
    assert sheet == pytest.approx(A4_LANDSCAPE, abs=1)


@pytest.mark.parametrize("is_long", [False, True])
def test_on_a_phone_nothing_sticks_out(site: Site, certificate: Certificate, page: Page, is_long: bool) -> None:
    if is_long:
        lengthen()
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto(f"{site.http(0)}/certificates/{certificate.code}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.get_by_role("heading", level=1).is_visible()
