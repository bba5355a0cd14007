"""Who may have a confirmation mailed, and how often. The numbers are ACCOUNT_RATE_LIMITS.

allauth counts the mailbox, whoever asks: ten a day are the last word. Alone that would let a
stranger who types an address keep back what its owner asks for later, so the account that asks, and
the network that it asks from, are counted before, and leave most of the ten to others. Strangers of
many networks together can still use them up: a flood is worse than a link that comes a day later.
"""

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from dao_portal.core.web.http import client_ip
from dao_portal.core.web.throttle import network_of

from .models import User


def count_link(request: HttpRequest, *, member: User, address: str) -> bool:
    """Count a link that somebody asks for; whether it may be mailed, as far as it is theirs."""
    account = f"{member.pk}:{address.lower()}"
    network = f"{network_of(client_ip(request))}:{address.lower()}"
    return bool(
        ratelimit.consume(request, action="confirm_email_account", key=account)
        and ratelimit.consume(request, action="confirm_email_network", key=network)
    )


def count_own_link(request: HttpRequest, *, member: User, address: str) -> bool:
    """Count a link that a member who is signed in asks for; whether it will be mailed.

    Who asks too often is told, also where it was others who used up what the mailbox gets in a day.
    """
    if count_link(request, member=member, address=address) and ratelimit.consume(
        request, action="confirm_email", key=address.lower(), dry_run=True
    ):
        return True
    messages.info(
        request,
        _(
            "Enough links were mailed to this address for now. You can ask for another in three"
            " minutes, three times a day at most."
        ),
    )
    return False
