"""`python -m tests.serve APP PORT`: one server process as in production, of any application."""

import sys

import uvicorn

from lms.management.commands.run import die_with_parent
from lms.server import options

if __name__ == "__main__":
    die_with_parent()
    uvicorn.run(sys.argv[1], port=int(sys.argv[2]), **options())
