"""The tokens that a community knows."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.audit.events import record
from dao_portal.core.text import validate_one_line

from ..models import Token

MAX_SYMBOL = Token._meta.get_field("symbol").max_length or 0
MAX_NAME = Token._meta.get_field("name").max_length or 0


@transaction.atomic
def add_token(*, actor: User | None, symbol: str, name: str) -> Token:
    """The token called ``symbol``: as it is when it is here already, else a new one.

    Takes no lock. Raises ValidationError for a symbol or name that no token may have.
    """
    if not (symbol.isascii() and symbol.isalnum()) or len(symbol) > MAX_SYMBOL:
        raise ValidationError(
            _("The token's symbol is letters A to Z and digits, at most %(n)s.") % {"n": MAX_SYMBOL}
        )
    if not 0 < len(name) <= MAX_NAME:
        raise ValidationError(
            _("The token's name is one line of at most %(n)s characters.") % {"n": MAX_NAME}
        )
    validate_one_line(name)
    token, is_new = Token.objects.get_or_create(symbol=symbol, defaults={"name": name})
    if is_new:
        new = {"symbol": symbol, "name": name}
        record(Action.TOKEN_ADDED, actor=actor, resource=token, new=new)
    return token
