from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from dao_portal.core.actions import Action


class AccountsConfig(AppConfig):
    """Who someone is."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Hear what allauth does with accounts, addresses and passwords.

        Each signal calls services, in the transaction of what it tells (accounts/urls.py).
        """
        from allauth.account import signals

        signals.user_signed_up.connect(_after_sign_up)
        signals.email_confirmed.connect(_after_confirmation)
        signals.email_added.connect(_after_adding)
        signals.email_changed.connect(_after_change)
        signals.email_removed.connect(_after_removal)
        signals.password_changed.connect(_after_password_change)
        signals.password_reset.connect(_after_password_reset)


def _after_sign_up(*, user: Any, **_: Any) -> None:
    from .services import members

    members.record_joining(user=user)


def _after_confirmation(*, email_address: Any, **_: Any) -> None:
    from .services import addresses

    addresses.release_address(owner=email_address.user, address=email_address.email)
    addresses.sync_email_verified(user=email_address.user)


def _after_adding(*, user: Any, email_address: Any, **_: Any) -> None:
    from .mails import announce_account_change

    announce_account_change(Action.EMAIL_ADDED, member=user, address=email_address.email)


def _after_change(*, user: Any, to_email_address: Any, **_: Any) -> None:
    from .mails import announce_account_change
    from .services import addresses

    addresses.sync_email_verified(user=user)
    announce_account_change(
        Action.EMAIL_PRIMARY_CHANGED, member=user, address=to_email_address.email
    )


def _after_removal(*, user: Any, email_address: Any, **_: Any) -> None:
    from .mails import announce_account_change
    from .services import addresses

    addresses.sync_email_verified(user=user)
    # Whoever never confirmed it may be a stranger, and is told nothing.
    also = [email_address.email] if email_address.verified else []
    announce_account_change(
        Action.EMAIL_REMOVED, member=user, address=email_address.email, also=also
    )


def _after_password_change(*, user: Any, **_: Any) -> None:
    from .mails import announce_account_change

    announce_account_change(Action.PASSWORD_CHANGED, member=user)


def _after_password_reset(*, user: Any, **_: Any) -> None:
    from .mails import announce_account_change

    announce_account_change(Action.PASSWORD_RESET, member=user)
