"""What drafts are made of in tests, and what the audit log says of them."""

from dataclasses import replace
from datetime import timedelta

from django.utils import timezone

from dao_portal.core.models import AuditLog
from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from governance.services.proposals import Content
from tests.factories import DAY

MINUTE = timedelta(minutes=1)


def decide_option(key: str, text: str) -> None:
    set_option(key, text, actor=None)
    clear_option_cache()  # as the commit would


def actions_on(resource) -> list[str]:
    rows = AuditLog.objects.filter(resource_id=resource.pk).order_by("id")
    return list(rows.values_list("action", flat=True))


def last_event(resource) -> AuditLog:
    return AuditLog.objects.filter(resource_id=resource.pk).latest("id")


def content(**changes) -> Content:
    start = timezone.now() + 2 * DAY
    written = Content(
        title="Fund the garden",
        description="Ten **beds**.",
        voting_start=start,
        voting_end=start + 3 * DAY,
    )
    return replace(written, **changes)
