"""The site with a fault planted in it, each an application for `make_site(app=…)`: the tests must see it fail."""

from unittest.mock import patch

from lms.asgi import application

patch("users.streaming._return_connection", lambda: None).start()
holds_connections = application
"""A download keeps its database connection until its last byte is sent."""
