"""Audit entries, event deliveries and settings for moderators: to look at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..formats import browser
from ..models import AuditLog, Brake, EventDelivery, FormKey, OutgoingMail, Setting
from ..options import OPTIONS
from .base import ReadOnlyAdmin
from .links import key_in, link_to, list_address, member_named, registered_admins
from .period import PeriodFilter


@dataclass(frozen=True)
class Change:
    """One field of an audit entry: ``how`` is added, changed, removed or ""."""

    field: str
    how: str
    words: Any
    before: str
    after: str


HOW = {
    "added": _("added"),
    "changed": _("changed"),
    "removed": _("removed"),
    "": _("unchanged"),
}


def changes_of(entry: AuditLog) -> list[Change]:
    """Before and after of each field; what changed comes first."""
    before, after = entry.old_values or {}, entry.new_values or {}
    changes = [_change(field, before, after) for field in dict.fromkeys([*after, *before]) if field]
    return sorted(changes, key=lambda change: not change.how)


def _change(field: str, before: dict[str, Any], after: dict[str, Any]) -> Change:
    if field not in before:
        how = "added"
    elif field not in after:
        how = "removed"
    else:
        how = "" if before[field] == after[field] else "changed"
    return Change(field, how, HOW[how], _as_text(before.get(field)), _as_text(after.get(field)))


def _as_text(value: Any) -> str:
    if value is None or value == "":
        return gettext("nothing")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def admin_of(resource_type: str) -> ReadOnlyAdmin | None:
    """The admin of the model that an audit entry calls ``resource_type``."""
    return next(
        (each for each in registered_admins() if each.opts.model_name == resource_type), None
    )


@admin.register(AuditLog)
class AuditLogAdmin(ReadOnlyAdmin):
    """Who did what, when. A row is never changed or deleted, here or in the database."""

    list_display = ("created_at", "done", "by", "thing")
    list_filter = ("action", PeriodFilter)
    list_select_related = ("user",)
    search_help_text = _("A member's username, or the key or address of a thing.")
    fieldsets = (
        (_("What changed"), {"fields": ("changes",)}),
        (
            _("Who, when, where"),
            {"fields": ("by", "created_at", "thing", "seen_from", "seen_with", "request_id")},
        ),
    )
    readonly_fields = ("changes", "by", "created_at", "thing", "seen_from", "seen_with")

    def find(
        self, request: HttpRequest, rows: QuerySet[AuditLog], words: str
    ) -> QuerySet[AuditLog]:
        if key := key_in(words):
            return rows.filter(resource_id=key)
        member = member_named(words)
        return rows.filter(user_id=member) if member else rows.none()

    def heading(self, row: AuditLog) -> str:
        return f"{_kind(row)}: {row.get_action_display()}"

    def on_portal(self, row: AuditLog) -> str | None:
        page = admin_of(row.resource_type)
        if page is None or row.resource_id is None:
            return None
        found = page.model._default_manager.filter(  # noqa: SLF001  (whatever it is called)
            pk=row.resource_id
        ).first()
        return page.on_portal(found) if found else None

    def see_also(self, row: AuditLog) -> list[tuple[Any, str]]:
        if row.resource_id is None:
            return []
        words = _("What else happened to it")
        return [(words, list_address("core", "auditlog", str(row.resource_id)))]

    @admin.display(description=_("what"))
    def done(self, entry: AuditLog) -> str:
        return str(entry.get_action_display())

    @admin.display(description=_("by"))
    def by(self, entry: AuditLog) -> str:
        return link_to(entry.user) or gettext("the portal")

    @admin.display(description=_("on"))
    def thing(self, entry: AuditLog) -> str:
        page = admin_of(entry.resource_type)
        if page is None or entry.resource_id is None:
            return _kind(entry)
        return link_to(page.model(pk=entry.resource_id), _kind(entry)) or ""

    @admin.display(description=_("from"))
    def seen_from(self, entry: AuditLog) -> str:
        return entry.ip_address or self.nothing

    @admin.display(description=_("with"))
    def seen_with(self, entry: AuditLog) -> str:
        return browser(entry.user_agent) if entry.user_agent else self.nothing

    @admin.display(description=_("before and after"))
    def changes(self, entry: AuditLog) -> str:
        return render_to_string("admin/parts/changes.html", {"changes": changes_of(entry)})


def _kind(entry: AuditLog) -> str:
    page = admin_of(entry.resource_type)
    return str(page.opts.verbose_name) if page else entry.resource_type


class WaitingFilter(admin.SimpleListFilter):
    """What is still to be delivered: few rows, with an index of their own."""

    title = _("delivery")
    parameter_name = "delivery"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("Waiting"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[EventDelivery]
    ) -> QuerySet[EventDelivery]:
        return queryset.filter(done_at__isnull=True) if self.value() == "waiting" else queryset


class EventPeriodFilter(PeriodFilter):
    """By the time of the event, which is what orders the deliveries."""

    key = "event_id"


@admin.register(EventDelivery)
class EventDeliveryAdmin(ReadOnlyAdmin):
    """Which events have been told, and which are still to tell."""

    list_display = ("happened", "subscriber", "done")
    list_filter = (WaitingFilter, EventPeriodFilter)
    ordering = ("-event_id", "subscriber")
    search_help_text = _("The key of a thing or of an audit entry.")
    fields = ("happened", "subscriber", "done", "cursor", "created_at")
    readonly_fields = ("happened", "done", "cursor", "created_at")

    def find(
        self, request: HttpRequest, rows: QuerySet[EventDelivery], words: str
    ) -> QuerySet[EventDelivery]:
        key = key_in(words)
        if key is None:
            return rows.none()
        events = AuditLog.objects.filter(resource_id=key).order_by("-id").values("pk")[:1000]
        return rows.filter(event_id__in=[key, *(event["pk"] for event in events)])

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventDelivery]:
        """With their events, which a join would look for in every month."""
        return super().get_queryset(request).prefetch_related("event")

    def heading(self, row: EventDelivery) -> str:
        return f"{row.event.get_action_display()}: {row.subscriber}"

    def see_also(self, row: EventDelivery) -> list[tuple[Any, str]]:
        return []

    @admin.display(description=_("event"))
    def happened(self, delivery: EventDelivery) -> str | None:
        return link_to(delivery.event, delivery.event.get_action_display())

    @admin.display(description=_("done"))
    def done(self, delivery: EventDelivery) -> Any:
        return delivery.done_at or gettext("waiting")


class MailStateFilter(admin.SimpleListFilter):
    """What waits, and what never arrived."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("Waiting")), ("given-up", _("Given up"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OutgoingMail]
    ) -> QuerySet[OutgoingMail]:
        if self.value() == "waiting":
            return queryset.filter(sent_at__isnull=True, given_up_at__isnull=True)
        return queryset.filter(given_up_at__isnull=False) if self.value() else queryset


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ReadOnlyAdmin):
    """To whom the portal mailed, and whether it went; never what. For administrators only."""

    list_display = ("created_at", "recipient", "state", "attempts", "last_error")
    list_filter = (MailStateFilter, PeriodFilter)
    search_help_text = _("A whole e-mail address.")
    fields = ("recipient", "state", "attempts", "last_error", "due_at", "created_at")
    readonly_fields = ("state", "created_at")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(getattr(request.user, "is_superuser", False))

    def find(
        self, request: HttpRequest, rows: QuerySet[OutgoingMail], words: str
    ) -> QuerySet[OutgoingMail]:
        rows = rows.alias(lower_recipient=Lower("recipient"))
        return rows.filter(lower_recipient=words.lower())

    def heading(self, row: OutgoingMail) -> str:
        return gettext("Mail to %(address)s") % {"address": row.recipient}

    @admin.display(description=_("state"))
    def state(self, mail: OutgoingMail) -> str:
        if mail.sent_at:
            return gettext("sent")
        return gettext("given up") if mail.given_up_at else gettext("waiting")


@admin.register(Setting)
class SettingAdmin(ReadOnlyAdmin):
    """What the community decided; where it decided nothing, the default of docs/settings.md."""

    list_display = ("key", "value", "meaning", "shown_to")
    list_filter = ("is_public", PeriodFilter)
    search_help_text = _("Words of a key or of what it means, such as “quorum”.")
    fields = ("key", "value", "default", "meaning", "type", "shown_to", "created_at", "updated_at")
    readonly_fields = ("default", "meaning", "shown_to", "created_at", "updated_at")

    def find(self, request: HttpRequest, rows: QuerySet[Setting], words: str) -> QuerySet[Setting]:
        """The registry knows every key: it is asked for the words, the table for the keys."""
        words = words.lower()
        keys = [
            option.key
            for option in OPTIONS.values()
            if words in option.key or words in str(option.description).lower()
        ]
        return rows.filter(key__in=[*keys, words])

    @admin.display(description=_("meaning"))
    def meaning(self, setting: Setting) -> str:
        option = OPTIONS.get(setting.key)
        return str(option.description) if option else setting.description

    @admin.display(description=_("default"))
    def default(self, setting: Setting) -> str:
        option = OPTIONS.get(setting.key)
        return str(option.default) if option else self.nothing

    @admin.display(description=_("shown to"))
    def shown_to(self, setting: Setting) -> str:
        return gettext("everybody") if setting.is_public else gettext("administrators")


@admin.register(FormKey)
class FormKeyAdmin(ReadOnlyAdmin):
    """Which forms were sent within the last day, so that none of them works twice."""

    list_display = ("created_at", "form", "by")
    list_filter = (PeriodFilter,)
    list_select_related = ("user",)
    search_help_text = _("A member's username, or the key or address of a thing.")
    fields = ("form", "by", "key", "result", "created_at")
    readonly_fields = ("by", "created_at")

    def find(self, request: HttpRequest, rows: QuerySet[FormKey], words: str) -> QuerySet[FormKey]:
        if key := key_in(words):
            return rows.filter(result=key)
        member = member_named(words)
        return rows.filter(user_id=member) if member else rows.none()

    def see_also(self, row: FormKey) -> list[tuple[Any, str]]:
        return [(_("What happened to it"), list_address("core", "auditlog", str(row.result)))]

    @admin.display(description=_("by"))
    def by(self, sent: FormKey) -> str:
        return link_to(sent.user) or gettext("somebody who was not signed in")


@admin.register(Brake)
class BrakeAdmin(ReadOnlyAdmin):
    """Who did how much of what, where more than so much at a time is refused."""

    list_display = ("member", "act", "count", "since")
    list_filter = (PeriodFilter,)
    list_select_related = ("user",)
    search_help_text = _("A member's username.")
    fields = ("member", "act", "count", "since", "created_at", "updated_at")
    readonly_fields = ("member", "created_at", "updated_at")

    def find(self, request: HttpRequest, rows: QuerySet[Brake], words: str) -> QuerySet[Brake]:
        member = member_named(words)
        return rows.filter(user_id=member) if member else rows.none()

    def heading(self, row: Brake) -> str:
        return f"{row.act}: {row.user}"

    def see_also(self, row: Brake) -> list[tuple[Any, str]]:
        return []

    @admin.display(description=_("member"))
    def member(self, brake: Brake) -> str | None:
        return link_to(brake.user)
