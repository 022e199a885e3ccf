"""`python -m tests.serve APP PORT PARENT`: one server process as in production, of any application.

It ends with the process PARENT that started it, from its first moment on.
"""

import sys

from lms.parent import die_with

if __name__ == "__main__":
    die_with(int(sys.argv[3]))

    import uvicorn

    from lms.server import options

    uvicorn.run(sys.argv[1], port=int(sys.argv[2]), **options())
