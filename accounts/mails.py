"""What a member is told by mail when somebody, perhaps they, changed what protects their account.

Every address that could open the account before the change is told of it: whoever holds a stolen
session reads at most the new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.translation import gettext_lazy as _

from dao_portal.core.actions import Action
from dao_portal.core.formats import DATE_AND_TIME, browser
from dao_portal.core.web.http import coarse_ip
from dao_portal.core.web.request import current_request

from .models import Profile, User
from .preferences import zone_of
from .services import members

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TITLES: dict[Action, StrOrPromise] = {
    Action.EMAIL_ADDED: _("An e-mail address was added"),
    Action.EMAIL_REMOVED: _("An e-mail address was removed"),
    Action.EMAIL_PRIMARY_CHANGED: _("Your primary e-mail address was changed"),
    Action.PASSWORD_CHANGED: _("Your password was changed"),
    Action.PASSWORD_RESET: _("A new password was chosen by a mailed link"),
    Action.SESSIONS_ENDED: _("Your account was signed out everywhere else"),
}


@transaction.atomic
def announce_account_change(
    action: Action, *, member: User, address: str = "", also: Iterable[str] = ()
) -> None:
    """Write ``action`` down, and mail every confirmed address of ``member`` and those in ``also``.

    ``address`` is the one that was added, removed or made primary. It is told as n…@example.org:
    an address that is left behind need not learn the new one.
    """
    members.record_account_change(action=action, member=member)
    info = current_request()
    profile = Profile.objects.filter(user=member).first()
    now = timezone.localtime(timezone=zone_of(profile.preferences if profile else {}))
    context = {
        "title": TITLES[action],
        "address": _masked(address) if address else "",
        "name": member.username,
        "when": f"{dateformat.format(now, DATE_AND_TIME)} {now.tzname()}",
        "browser": browser(info.user_agent),
        "network": coarse_ip(info.ip_address),
        "reset_url": f"{settings.PORTAL_URL}{reverse('account_reset_password')}",
    }
    for recipient in sorted(_addresses(member) | set(also)):
        get_adapter().send_mail("account/email/account_changed", recipient, context)


def _addresses(member: User) -> set[str]:
    confirmed = EmailAddress.objects.filter(user=member, verified=True)
    return set(confirmed.values_list("email", flat=True)) or {member.email or ""} - {""}


def _masked(address: str) -> str:
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}…@{host}"
