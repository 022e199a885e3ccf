"""Where a request comes from, and how much of that is kept.

The server has put the client's own address into REMOTE_ADDR: behind proxies that TRUSTED_PROXIES names, what they
say (`lms/server.py`); else whoever holds the connection, whatever headers it sends.
"""

import ipaddress

from django.conf import settings
from django.http import HttpRequest

KEPT_BITS = {4: 16, 6: 48}


def address_of(request: HttpRequest) -> str:
    """The client's address, whole: to count its tries by, never to be stored."""
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(request: HttpRequest) -> str | None:
    """What may be stored of the client's address: without the part that names a household, IPv4 to /16, IPv6 to /48.

    All of it with STORE_WHOLE_ADDRESSES. None where there is no address, as on a socket file.
    """
    try:
        address = ipaddress.ip_address(address_of(request))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if settings.STORE_WHOLE_ADDRESSES:
        return str(address)
    return str(ipaddress.ip_network((address, KEPT_BITS[address.version]), strict=False).network_address)
