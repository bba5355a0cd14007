"""allauth, told what this portal wants."""

from email.utils import formataddr, parseaddr
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dao_portal.core.actions import Action
from dao_portal.core.options import get_option
from dao_portal.core.views import keep_theme
from dao_portal.core.web.http import client_ip
from dao_portal.core.web.throttle import give_back

from . import guesses
from .forms import TOO_LONG
from .links import count_link
from .mails import announce_account_change
from .models import NameTaken, Profile, User
from .names import normal_username
from .selectors import addresses, names

MAX_EMAIL = 254  # characters: what the columns hold, and what a mail server takes (RFC 5321)
# One sentence for both ways to sign in: it must not tell which half was wrong.
WRONG_LOGIN = _(
    "The username, e-mail address or password is not right. An address counts once you have opened"
    " the link that we mailed to it; until then, sign in by username."
)


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
        "too_many_login_attempts": _(
            "Too many tries. Wait a few minutes, at most an hour; or choose a new password: the"
            " link that we mail lets you in at once."
        ),
        "email_too_long": TOO_LONG,
        "username_taken": _("Another member has this username. Choose a different one."),
    }

    def clean_email(self, email: str) -> str:
        """Refuse what the database would not hold; allauth cuts it, and mails somebody else."""
        if len(email) > MAX_EMAIL:
            raise self.validation_error("email_too_long")
        return email

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse, before the password is looked at, what was tried too often (guesses.py)."""
        tried = {credentials[key] for key in ("username", "email") if credentials.get(key)}
        taken = guesses.take(request, names=tried)
        if taken is None:
            raise self.validation_error("too_many_login_attempts")
        self.taken = taken

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Whoever it is, or None. Only wrong tries are counted."""
        user = super().authenticate(request, **credentials)
        if user:
            give_back(self.taken)
        return user

    def post_login(self, request: HttpRequest, user: User, **details: Any) -> HttpResponse:
        """Sign in; the browser is known from now on, and gets the theme that the member chose."""
        response: HttpResponse = super().post_login(request, user, **details)
        guesses.remember_browser(response, request, user)
        profile = Profile.objects.filter(user=user).first()
        if profile and "theme" in profile.preferences:
            keep_theme(response, profile.preferences["theme"])
        return response

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """``username`` as it is stored; ValidationError when nobody, or somebody, may have it."""
        username = super().clean_username(normal_username(username), shallow)
        if not shallow:
            names.validate_no_office_of_a_member(username)
            if names.looks_taken(username):
                raise ValidationError(NameTaken.message, code="taken")
        return username

    def get_from_email(self) -> str:
        """The sender's address under the community's name."""
        return formataddr((get_option("community.name"), parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address that the audit log has; 0.0.0.0 where nobody can tell (a unix socket)."""
        return client_ip(request) or "0.0.0.0"  # noqa: S104  (not listened on)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """How ``user`` can prove to be who they are: by password, or by getting one by mail."""
        by_mail = {
            "id": "password_by_mail",
            "description": _("Choose a password"),
            "url": reverse("account_set_password"),
        }
        return super().get_reauthentication_methods(user) or [by_mail]

    def should_send_confirmation_mail(
        self, request: HttpRequest, email_address: EmailAddress, signup: bool
    ) -> bool:
        """As often as strangers may have one mailed; the links of before work on."""
        return count_link(request, member=email_address.user, address=email_address.email)

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: Any, signup: bool
    ) -> None:
        """The link that confirms; where the address is an account's already, word of that.

        So a stranger who signs up with the address of a member, or signs in to what they made so,
        sees and waits for the same as with any other address.
        """
        typed = emailconfirmation.email_address
        if addresses.is_confirmed_by_another(typed.email, than=typed.user):
            self.send_account_already_exists_mail(typed.email)
        else:
            super().send_confirmation_mail(request, emailconfirmation, signup)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render and send, after moving every link in the context to PORTAL_URL."""
        links = {
            key: on_portal(str(value)) for key, value in context.items() if key.endswith("_url")
        }
        shell = {
            "community_name": get_option("community.name"),
            "portal_url": str(settings.PORTAL_URL),
        }
        context = {"email": email} | context | links | shell
        self.render_mail(template_prefix, email, context).send()


class SessionsAdapter(DefaultUserSessionsAdapter):
    """Ending other sessions is written down, and told."""

    @transaction.atomic
    def end_sessions(self, sessions: list[UserSession]) -> None:
        super().end_sessions(sessions)
        if sessions:
            announce_account_change(Action.SESSIONS_ENDED, member=sessions[0].user)
