"""The application with other numbers, for limits that no test can wait for or get at.

`NUMBERS` in the environment has them as JSON; nothing else differs. Those of the protocol are taken over when the rooms
are imported, so they are set before; those of the rooms themselves after, wherever they are.
"""

import json
import os

from realtime import protocol, watching

NUMBERS = json.loads(os.environ["NUMBERS"])


def renumber(name: str, *modules: object) -> bool:
    """Set this number in each of the modules that has it; whether there is one."""
    having = [module for module in modules if name in vars(module)]
    for module in having:
        assert isinstance(getattr(module, name), int | float)
        setattr(module, name, NUMBERS[name])
    return bool(having)


rooms = [name for name in NUMBERS if not renumber(name, protocol, watching)]

from lms.asgi import application  # noqa: E402, F401
from realtime import held, hub, roster  # noqa: E402

for name in rooms:
    assert renumber(name, held, hub, roster), name
