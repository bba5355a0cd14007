from typing import Any

from django.apps import AppConfig
from django.contrib.admin import apps as admin
from django.core.management import CommandError
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    """The floor: base models, the event door, settings, partitions, pages."""

    name = "dao_portal.core"
    label = "core"
    verbose_name = _("Records and settings")

    def ready(self) -> None:
        from . import checks  # noqa: F401  (registers the system checks)

        pre_migrate.connect(refuse_what_cannot_be_undone, sender=self)
        post_migrate.connect(make_months, sender=self)


class PortalAdminConfig(admin.AdminConfig):
    """Django's admin with the portal's door (admin_site.py)."""

    default = False  # of the two in this module, the floor is the one meant by its name
    default_site = "dao_portal.core.admin_site.PortalAdminSite"


def refuse_what_cannot_be_undone(plan: Any = (), **kwargs: Any) -> None:
    """Before the first step back: Django finds out on the way, with other apps' tables gone."""
    for migration, backwards in plan:
        for operation in migration.operations:
            if backwards and not operation.reversible:
                raise CommandError(
                    f"{migration} cannot be undone ({operation.describe()}). Nothing was changed."
                    " To go back, load a dump from before it."
                )


def make_months(**kwargs: Any) -> None:
    """A monthly table without partitions refuses every row: have them from the first migrate."""
    from .db.months import ensure_months

    ensure_months()
