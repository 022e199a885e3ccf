"""Where a request comes from, and how much of that is kept.

The server has put the client's own address into REMOTE_ADDR: behind proxies that TRUSTED_PROXIES names, what they
say (`lms/server.py`); else whoever holds the connection, whatever headers it sends.
"""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

KEPT_BITS = {4: 16, 6: 48}
COUNTED_BITS = {4: 32, 6: 64}
"""Of IPv6 one machine has a whole /64, and an address of it for every try."""
FORWARDED_FOR = "HTTP_X_FORWARDED_FOR"
PASSED_ON = (FORWARDED_FOR, "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")
"""What a proxy may say of itself or of its client."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def counted_as(request: HttpRequest) -> str:
    """What tries are counted by: the client's address, of IPv6 its /64. Not to be stored for longer."""
    address = _address_of(request)
    return "" if address is None else _network(address, COUNTED_BITS)


def network_of(request: HttpRequest) -> str | None:
    """What may be stored of the client's address: without the part that names a household, IPv4 to /16, IPv6 to /48.

    All of it with STORE_WHOLE_ADDRESSES. None where there is no address, as on a socket file.
    """
    address = _address_of(request)
    if address is None:
        return None
    return str(address) if settings.STORE_WHOLE_ADDRESSES else _network(address, KEPT_BITS)


def is_on_this_machine(request: HttpRequest) -> bool:
    """Whether the client is, and not only a proxy of it.

    What a proxy passed on is so if TRUSTED_PROXIES let it name a client, and that is one of this machine's addresses.
    """
    address = _address_of(request)
    if address is None or not address.is_loopback:
        return False
    if not any(name in request.META for name in PASSED_ON):
        return True
    # The server has believed a proxy here only if this very address is one that it trusts. If it is not, and yet the
    # client's own, then the client is on another machine's loopback.
    said = ipaddress.ip_address(request.META["REMOTE_ADDR"])
    is_trusted = any(said in ipaddress.ip_network(network) for network in settings.TRUSTED_PROXIES)
    return is_trusted and bool(request.META.get(FORWARDED_FOR))


def _address_of(request: HttpRequest) -> Address | None:
    try:
        address = ipaddress.ip_address(str(request.META.get("REMOTE_ADDR", "")).partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network(address: Address, bits: dict[int, int]) -> str:
    return str(ipaddress.ip_network((address, bits[address.version]), strict=False).network_address)
