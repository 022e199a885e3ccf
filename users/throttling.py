"""How often one address may try passwords. Counted in this process's memory, as all throttles are."""

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


class FailedSignInThrottle(SimpleRateThrottle):
    """Refuses sign-ins from an address with 30 failed ones in the last minute. Those that succeed don't count."""

    rate = "30/min"
    num_requests: int
    duration: int

    def get_cache_key(self, request: Request, view: APIView | None) -> str:
        return f"failed-sign-in-{request.META.get('REMOTE_ADDR')}"

    def throttle_success(self) -> bool:
        return True

    def count_failure(self, request: Request) -> None:
        key = self.get_cache_key(request, None)
        self.cache.set(key, [self.timer(), *self.cache.get(key, [])][: self.num_requests], self.duration)
