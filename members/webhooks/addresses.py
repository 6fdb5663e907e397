"""Where a message may go: to public addresses over HTTPS, looked up once and then held to (no way into the own network).

WAFA_WEBHOOK_NETWORKS names networks of one's own that are allowed besides; there plain HTTP may be used, too.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyaltysite.kit.errors import DomainError

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LONGEST = 500
# Roads from IPv6 into IPv4: what they lead to is not looked at, so nothing goes there.
TUNNELS = [
    ipaddress.ip_network(each)
    for each in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
]


class AddressRefused(DomainError):
    code = "address_refused"
    message = _("Nothing can be sent to this address.")


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart. `host` is in the signs that DNS knows."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """As in the Host header."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == _port(self.scheme) else f"{name}:{self.port}"


def parse(url: str) -> Target:
    """Raises AddressRefused with what is wrong, without asking the network anything."""
    if len(url) > LONGEST or any(sign.isspace() or ord(sign) < 32 for sign in url):
        raise _refused(_("Type an address such as https://shop.example.com/wafa."))
    try:
        parts = urlsplit(url)
        port = parts.port or _port(parts.scheme)
        host = (
            (parts.hostname or "")
            .rstrip(".")
            .encode("idna" if not _literal(parts.hostname) else "ascii")
            .decode()
        )
    except ValueError as error:
        raise _refused(_("Type an address such as https://shop.example.com/wafa.")) from error
    if parts.scheme not in {"https", "http"} or not host:
        raise _refused(_("Type an address such as https://shop.example.com/wafa."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise _refused(_("An address with a password or a # is not possible."))
    if parts.scheme == "http" and not settings.WEBHOOK_NETWORKS:
        raise _refused(_("The address must begin with https://."))
    literal = _literal(host)
    if literal is not None and not may_reach(literal, parts.scheme):
        raise _refused(_("This address lies in a network that is not public."))
    path = parts.path or "/"
    return Target(parts.scheme, host, port, f"{path}?{parts.query}" if parts.query else path)


def resolve(target: Target) -> str:
    """The one address to connect to. Raises AddressRefused where any of its addresses is not public, OSError where the
    name is unknown."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    literals = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not literals or not all(may_reach(each, target.scheme) for each in literals):
        raise _refused(_("This address lies in a network that is not public."))
    return str(literals[0])


def may_reach(address: Address, scheme: str) -> bool:
    """Whether something may be sent there."""
    plain = getattr(address, "ipv4_mapped", None) or address
    if any(plain in ipaddress.ip_network(each) for each in settings.WEBHOOK_NETWORKS):
        return True
    is_tunnel = any(plain in network for network in TUNNELS if network.version == plain.version)
    return scheme == "https" and plain.is_global and not plain.is_multicast and not is_tunnel


def _literal(host: str | None) -> Address | None:
    try:
        return ipaddress.ip_address(host or "")
    except ValueError:
        return None


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _refused(message: str | Promise) -> AddressRefused:
    return AddressRefused(message, field="url")
