from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SocialConfig(AppConfig):
    """Who is told of what, and what they say about it."""

    name = "social"
    verbose_name = _("Social")
