"""The application with other numbers in its protocol, for limits that no test can wait for or get at.

`NUMBERS` in the environment has them as JSON; nothing else differs. Those of the protocol are taken over when the rooms
are imported, so they are set before; those of `realtime/held.py` after.
"""

import json
import os

from realtime import protocol

NUMBERS = json.loads(os.environ["NUMBERS"])

for name in NUMBERS.keys() & vars(protocol).keys():
    setattr(protocol, name, NUMBERS[name])

from lms.asgi import application  # noqa: E402, F401
from realtime import held  # noqa: E402

for name in NUMBERS.keys() - vars(protocol).keys():
    assert isinstance(getattr(held, name), int)
    setattr(held, name, NUMBERS[name])
