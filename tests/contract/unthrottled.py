"""The site without its limits on requests: a test that sends thousands is no guest to be slowed down."""

from rest_framework.throttling import SimpleRateThrottle

from lms.asgi import application
from users.throttling import RequestThrottle

for throttle in (SimpleRateThrottle, RequestThrottle):
    throttle.allow_request = lambda *_: True  # type: ignore[method-assign,assignment]

__all__ = ["application"]
