"""What the shell of every page needs. Lazy: a template that uses none of it costs no query."""

import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from ..devmail import readable_here
from ..options import get_option

THEME_COOKIE = "theme"
FIXED_THEMES = ("light", "dark")  # anything else follows the device


def portal(request: HttpRequest) -> dict[str, Any]:
    """The community's name, the viewer's theme ("light", "dark" or ""), and htmx's settings."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return {
        "community_name": SimpleLazyObject(lambda: get_option("community.name")),
        "theme": theme if theme in FIXED_THEMES else "",
        "htmx_config": json.dumps(settings.HTMX_CONFIG),
        "dev_mail": readable_here(),
    }
