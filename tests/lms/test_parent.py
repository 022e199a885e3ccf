"""Whoever is told to die with its parent does, at whatever moment the parent goes."""

import subprocess
import sys

from tests.site import ROOT

DEADLINE_SECONDS = 60.0

PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, *sys.argv[1:], str(os.getpid())], stdin=subprocess.DEVNULL)
{}
os.kill(os.getpid(), 9)
"""
AT_ONCE = ""
WHEN_TOLD = "sys.stdin.readline()"

CHILD = """
import os, signal, sys, time
from lms.parent import die_with
parent = int(sys.argv[1])
{}
print("lives", flush=True)
"""
SETTLED = "die_with(parent); print('ready', flush=True); signal.sigtimedwait([], 60)"
LATE = "while os.getppid() == parent: time.sleep(0.01)\ndie_with(parent)"
LATE_AND_BLIND = "while os.getppid() == parent: time.sleep(0.01)\nos.getppid = lambda: parent\ndie_with(parent)"


WITH_US = """
import os, subprocess, sys
from tests.site import with_us
subprocess.Popen([sys.executable, "-c", "import signal; signal.sigtimedwait([], 120)"], preexec_fn=with_us)
os.kill(os.getpid(), 9)
"""


def last_words(*child: str, parent_goes: str) -> str:
    """What the child says before all of this family have ended."""
    family = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(parent_goes), *child],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert family.stdin is not None
    assert family.stdout is not None
    begun = family.stdout.readline() if parent_goes == WHEN_TOLD else ""
    said, _ = family.communicate("go\n", timeout=DEADLINE_SECONDS)  # up to the end of whoever holds the output
    return begun + said


def test_a_child_goes_with_its_parent() -> None:
    assert last_words("-c", CHILD.format(SETTLED), parent_goes=WHEN_TOLD) == "ready\n"


def test_a_child_that_still_begins_when_its_parent_goes_does_not_stay() -> None:
    assert last_words("-c", CHILD.format(LATE), parent_goes=AT_ONCE) == ""


def test_one_that_does_not_look_stays() -> None:
    """The control."""
    assert last_words("-c", CHILD.format(LATE_AND_BLIND), parent_goes=AT_ONCE) == "lives\n"


def test_a_server_of_the_tests_does_not_stay() -> None:
    assert last_words("-m", "tests.serve", "lms.asgi:application", "0", parent_goes=AT_ONCE) == ""


def test_whatever_the_tests_begin_does_not_stay() -> None:
    tests = subprocess.run(
        [sys.executable, "-c", WITH_US], cwd=ROOT, stdout=subprocess.PIPE, timeout=DEADLINE_SECONDS
    )  # until nobody holds the output any more
    assert tests.returncode == -9
