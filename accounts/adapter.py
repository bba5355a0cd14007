"""allauth, told what this portal wants."""

from email.utils import formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from dao_portal.core.options import get_option
from dao_portal.core.views import keep_theme

from .models import Profile, User

# One sentence for both ways to sign in: it must not tell which half was wrong.
WRONG_LOGIN = _("The username, e-mail address or password is not right.")


def on_portal(address: str) -> str:
    """``address`` at PORTAL_URL. allauth builds links from the Host header, which anybody may
    send: a password link to another host would hand over the account.
    """
    portal = settings.PORTAL_URL
    return urlsplit(address)._replace(scheme=portal.scheme, netloc=portal.netloc).geturl()


class AccountAdapter(DefaultAccountAdapter):
    """Mails in the community's name, with links that only PORTAL_URL decides."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": WRONG_LOGIN,
        "username_password_mismatch": WRONG_LOGIN,
        "incorrect_password": _("That is not your password."),
        "enter_current_password": _("That is not your current password."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, then try again."),
        "username_taken": _("Another member has this username. Choose a different one."),
    }

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        """Sign in, and give this browser the theme that the member chose."""
        response: HttpResponse = super().post_login(request, user, **details)
        profile = Profile.objects.filter(user=user).first()
        if profile and "theme" in profile.preferences:
            keep_theme(response, profile.preferences["theme"])
        return response

    def get_from_email(self) -> str:
        """The sender's address under the community's name."""
        return formataddr((get_option("community.name"), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render and send, after moving every link in the context to PORTAL_URL."""
        links = {
            key: on_portal(str(value)) for key, value in context.items() if key.endswith("_url")
        }
        shell = {
            "community_name": get_option("community.name"),
            "portal_url": str(settings.PORTAL_URL),
        }
        super().send_mail(template_prefix, email, context | links | shell)
