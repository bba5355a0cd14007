"""Where the admin shows a table, and a row of it."""

from django.db.models import Model
from django.urls import reverse


def admin_page(model: type[Model], name: str = "changelist", *args: object) -> str:
    """``admin_page(Vote, "change", vote.pk)``; the list where nothing else is asked for."""
    table = f"{model._meta.app_label}_{model._meta.model_name}"
    return reverse(f"admin:{table}_{name}", args=args)
