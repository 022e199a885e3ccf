"""How much the fault, race and replay tests do: little in `make test`, all of it in `make stress` (STRESS=1).

What happens at random in them follows from a seed, which a failed test shows: SEED=… runs it again.
"""

import logging
import os
import random

STRESS = os.environ.get("STRESS") == "1"


def count(small: int, full: int) -> int:
    """How many: `full` in `make stress`."""
    return full if STRESS else small


def seeded() -> random.Random:
    """A source of chance, whose seed is in what a failed test logged."""
    seed = int(os.environ.get("SEED") or random.randrange(2**32))
    logging.getLogger("tests").warning("SEED=%s", seed)
    return random.Random(seed)
