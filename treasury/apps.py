from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TreasuryConfig(AppConfig):
    """What someone holds, and the power it gives."""

    name = "treasury"
    verbose_name = _("Treasury")
