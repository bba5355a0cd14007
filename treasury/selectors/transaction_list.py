"""The movements of the treasury."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from ..models import Transaction


def treasury_movements() -> QuerySet[Transaction]:
    """Everything that moved, or is to move, the treasury; newest first."""
    return Transaction.objects.exclude(treasury_change=0).order_by("-id")


def find_movements(
    *, words: str = "", currency: str = "", kind: str = "", status: str = "", sort: str = ""
) -> QuerySet[Transaction]:
    """Movements by filter; ``sort`` is "amount" (largest first) or newest first.

    ``words`` are looked for in the description and in the name of the other side.
    """
    movements = treasury_movements().select_related("user")
    if words:
        movements = movements.filter(
            Q(description__icontains=words) | Q(metadata__party__icontains=words)
        )
    exact = {"currency": currency, "type": kind, "status": status}
    movements = movements.filter(**{field: value for field, value in exact.items() if value})
    return movements.order_by("-amount", "-id") if sort == "amount" else movements
