"""`make stress`: the same tests at full counts (tests/counts.py), with a report that is kept."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import settings

from tests.counts import STRESS

settings.register_profile("quick", deadline=None, derandomize=True, max_examples=100)
settings.register_profile("stress", deadline=None, max_examples=2_000, print_blob=True)
settings.load_profile("stress" if STRESS else "quick")


def write_report(reporter: Any, path: Path) -> None:
    """Each test with its outcome, its seconds and what it noted. `reporter` is pytest's terminal reporter."""
    now = datetime.now(UTC)
    lines = [f"Stress report, {now:%Y-%m-%d %H:%M} UTC, {platform.platform()}, {os.cpu_count()} cores", ""]
    for outcome in ("passed", "failed", "error"):
        for report in reporter.getreports(outcome):
            if report.when == "call" or outcome == "error":
                noted = ", ".join(f"{name}: {value}" for name, value in report.user_properties)
                lines.append(f"{outcome:7} {report.duration:8.1f} s  {report.nodeid}  {noted}".rstrip())
    path.write_text("\n".join(lines) + "\n")
    reporter.write_line(f"The report: {path}")
