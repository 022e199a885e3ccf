"""How often one address may try passwords. Counted in this process's memory, as all throttles are."""

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

from users.addresses import address_of


class FailedSignInThrottle(SimpleRateThrottle):
    """Refuses sign-ins from an address with 30 failed ones in the last minute. Those that succeed don't count."""

    rate = "30/min"
    num_requests: int
    duration: int

    def get_cache_key(self, request: Request | HttpRequest, view: APIView | None) -> str:
        return f"failed-sign-in-{address_of(getattr(request, '_request', request))}"

    def throttle_success(self) -> bool:
        return True

    def allows(self, request: HttpRequest) -> bool:
        """The same for a way in that is no REST view."""
        return self.allow_request(request, None)  # type: ignore[arg-type]  # only the key is made from it

    def count_failure(self, request: HttpRequest) -> None:
        key = self.get_cache_key(request, None)
        self.cache.set(key, [self.timer(), *self.cache.get(key, [])][: self.num_requests], self.duration)
