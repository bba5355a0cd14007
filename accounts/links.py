"""Who may have a confirmation mailed, and how often. The numbers are ACCOUNT_RATE_LIMITS.

allauth counts each address. Alone that would let a stranger who types an address keep back what its
owner asks for a moment later, so the account that asks, and the network that it asks from, are
counted before.
"""

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from dao_portal.core.web.http import client_ip
from dao_portal.core.web.throttle import network_of

from .models import User


def count_link(request: HttpRequest, *, member: User, address: str) -> bool:
    """Count a link that a sign-up or a sign-in asks for; whether it may be mailed.

    What one network asks for one address leaves most of what the address gets in a day to others.
    """
    network = f"{network_of(client_ip(request))}:{address.lower()}"
    return _count_account(request, member, address) and bool(
        ratelimit.consume(request, action="confirm_email_network", key=network)
    )


def count_own_link(request: HttpRequest, *, member: User, address: str) -> bool:
    """Count a link that a member who is signed in asks for; whether it may be mailed.

    Counted for the member alone: allauth's count of the address begins anew. Who asks too often is
    told.
    """
    if _count_account(request, member, address):
        ratelimit.clear(request, action="confirm_email", key=address.lower())
        return True
    messages.info(
        request,
        _(
            "We mailed a link to this address a moment ago. You can ask for another in three"
            " minutes, ten times a day at most."
        ),
    )
    return False


def _count_account(request: HttpRequest, member: User, address: str) -> bool:
    account = f"{member.pk}:{address.lower()}"
    return bool(ratelimit.consume(request, action="confirm_email_account", key=account))
