from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who someone is."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Hear what allauth does with accounts and addresses; each signal calls one service."""
        from allauth.account import signals

        signals.user_signed_up.connect(_after_sign_up)
        signals.email_confirmed.connect(_after_address_change)
        signals.email_changed.connect(_after_address_change)
        signals.email_removed.connect(_after_address_change)


def _after_sign_up(*, user: Any, **_: Any) -> None:
    from . import services

    services.record_joining(user=user)


def _after_address_change(*, email_address: Any = None, user: Any = None, **_: Any) -> None:
    from . import services

    services.sync_email_verified(user=user or email_address.user)
