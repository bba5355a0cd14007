from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class GovernanceConfig(AppConfig):
    """What is proposed, voted and decided."""

    name = "governance"
    verbose_name = _("Governance")
