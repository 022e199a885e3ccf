#!/usr/bin/env python
"""Django's commands, on a machine with or without a PostgreSQL and a Redis of its own."""

import os
import sys
from pathlib import Path

# These read no database; everything else gets one.
WITHOUT_DATABASE = {
    "help",
    "version",
    "--help",
    "--version",
    "check",
    "collectstatic",
    "findstatic",
    "spectacular",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    os.environ["DATA_DIR"] = str(Path(os.environ.get("DATA_DIR") or Path(__file__).parent / ".data").resolve())
    # Neither said: a checkout on somebody's own machine. A production machine has a SECRET_KEY.
    if "SECRET_KEY" not in os.environ:
        os.environ.setdefault("DEBUG", "1")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    try:
        if command not in WITHOUT_DATABASE and not {"-h", "--help"} & set(sys.argv):
            from lms import devservices

            devservices.ensure(Path(os.environ["DATA_DIR"]))
        from django.core.management import execute_from_command_line

        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if not is_for_people(error):
            raise
        sys.exit(f"Studybeat: {error}")


def is_for_people(error: Exception) -> bool:
    """Whether its message says enough without a traceback."""
    from django.core.exceptions import ImproperlyConfigured

    from lms.devservers import CannotStart

    return isinstance(error, CannotStart | ImproperlyConfigured)


if __name__ == "__main__":
    main()
