"""`python -m tests.races.settler [unlocked]`: a process that settles; each line it reads is a JSON list of sessions.

Between reading and writing it rests a moment, so that another one surely comes in between where it can. `unlocked` is
the negative control: there it does not lock the enrolments.
"""

import json
import sys
import time
from typing import Any

import django

REST_SECONDS = 0.02

if __name__ == "__main__":
    django.setup()
    from courses import ledger

    write_spans = ledger._write_spans

    def rest_then_write(*arguments: Any) -> None:
        time.sleep(REST_SECONDS)
        write_spans(*arguments)

    ledger._write_spans = rest_then_write  # type: ignore[assignment]
    if "unlocked" in sys.argv:
        ledger.lock_enrollments = lambda enrollment_ids: None
    for line in sys.stdin:
        ledger.settle(json.loads(line))
        sys.stdout.write("settled\n")
        sys.stdout.flush()
