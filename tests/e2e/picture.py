"""`python -m tests.e2e.picture`: takes docs/live.png, of a class that is simulated on a running site.

Beside `make run` and, just begun, `make simulate LEARNERS=300`; PORT says where the site is.
"""

import io
import os
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.e2e.conftest import running_chromium
from tests.people import PASSWORD
from tests.site import ROOT

PICTURE = ROOT / "docs" / "live.png"
LESSON_MS = 210_000  # the plot begins when the page is opened
SIZE = {"width": 1240, "height": 1480}


def main() -> None:
    site = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
    with TemporaryDirectory() as profile, running_chromium(Path(profile)) as address, sync_playwright() as started:
        page = started.chromium.connect_over_cdp(address, no_defaults=True).contexts[0].new_page()
        page.set_viewport_size(SIZE)
        page.emulate_media(color_scheme="light")
        page.goto(f"{site}/courses/intro-to-live-learning/live")
        page.get_by_label("User name").fill("ines")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_test_id("counts").wait_for()
        page.wait_for_timeout(LESSON_MS)
        page.get_by_test_id("flag").nth(1).wait_for(timeout=LESSON_MS)  # two who ask for help
        taken = Image.open(io.BytesIO(page.screenshot()))
        taken.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
