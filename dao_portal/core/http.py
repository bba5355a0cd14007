"""Who the client is, by one rule, and the redirect after a form."""

from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponseRedirect


def client_ip(request: HttpRequest) -> str:
    """The client's address, as seen by the outermost proxy that we trust; "" when unknown.

    With TRUSTED_PROXY_COUNT = n the n-th address from the right of X-Forwarded-For counts: what
    a client writes into the header itself stands further left and changes nothing. With 0 the
    header is ignored. allauth's rate limits are told the same number, so both agree.
    """
    address = request.META.get("REMOTE_ADDR", "")
    trusted: int = settings.TRUSTED_PROXY_COUNT
    if trusted:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        address = forwarded[-trusted] if len(forwarded) >= trusted else ""
    try:
        found = ip_address(address)
    except ValueError:  # a unix socket, or rubbish
        return ""
    # An IPv4 client of a server that listens on IPv6 is ::ffff:203.0.113.7.
    return str(getattr(found, "ipv4_mapped", None) or found)


def coarse_ip(address: str) -> str:
    """``address`` cut to its /24 or /48: enough to see a pattern, too little to find a person."""
    if not address:
        return ""
    prefix = 24 if ip_address(address).version == 4 else 48
    return str(ip_network(f"{address}/{prefix}", strict=False).network_address)


class SeeOther(HttpResponseRedirect):
    """303: fetch the next page with GET, whatever the method of this request was."""

    status_code = 303


def see_other(address: str) -> SeeOther:
    """The answer to a form that was accepted: ``address`` is a path of this portal."""
    return SeeOther(address)
