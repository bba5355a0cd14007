"""AUDIT_LOGS, EVENT_DELIVERIES, OUTGOING_MAILS, SETTINGS; forms that work once, and brakes."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from .actions import action_choices
from .db.base import BaseModel, UUIDv7


class TransactionIdField(models.BigIntegerField[int, int]):
    """PostgreSQL's 64-bit transaction id (xid8): which transaction wrote the row."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "xid8"


class CurrentTransactionId(models.Func):
    """The id of the transaction that is writing the row."""

    function = "pg_current_xact_id"
    arity = 0
    output_field: ClassVar[models.Field[Any, Any]] = TransactionIdField()


class KeyTimestamp(models.Func):
    """The time that a UUIDv7 key carries, to the millisecond."""

    function = "uuid_extract_timestamp"
    arity = 1


class MonthlyModel(models.Model):
    """A table partitioned by month on its key (core/db/months.py).

    ``created_at`` is generated from the key, so the time that a row shows and the partition in
    which it lies cannot disagree. The key is the database's own: by a web machine's clock, months
    off, it would belong into a month that has no partition.
    """

    id = models.UUIDField(primary_key=True, db_default=UUIDv7(), editable=False)
    created_at = models.GeneratedField(
        expression=KeyTimestamp("id"),
        output_field=models.DateTimeField(),
        db_persist=True,
        verbose_name=_("created"),
    )

    class Meta:
        abstract = True


class AuditLog(MonthlyModel):
    """One thing that was done. Append-only: the database refuses UPDATE, DELETE and TRUNCATE.

    ``old_values`` and ``new_values`` hold member ids, never names, addresses or secrets, so that
    a row can stay when a member is erased.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.RESTRICT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("member"),
    )
    action = models.CharField(_("action"), max_length=50, choices=action_choices)
    resource_type = models.CharField(_("kind of thing"), max_length=50)
    resource_id = models.UUIDField(_("thing"), null=True)
    old_values = models.JSONField(_("before"), null=True)
    new_values = models.JSONField(_("after"), null=True)
    ip_address = models.CharField(_("address"), max_length=45, blank=True, db_default="")
    user_agent = models.CharField(_("browser"), max_length=256, blank=True, db_default="")
    request_id = models.CharField(_("request"), max_length=64, blank=True, db_default="")
    # Written down while it is known: no later question can find out which rows belong together.
    transaction_id = TransactionIdField(db_default=CurrentTransactionId(), editable=False)

    class Meta:
        db_table = "audit_logs"
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        ordering = ("-id",)
        indexes = (
            # a member's own activity
            models.Index(fields=["user", "-id"], name="audit_logs_user_ix"),
            # the administrators' filter
            models.Index(fields=["action", "-id"], name="audit_logs_action_ix"),
            # all that was done to one thing
            models.Index(fields=["resource_id", "-id"], name="audit_logs_resource_ix"),
            # "on that day" in the admin
            models.Index(fields=["created_at"], name="audit_logs_created_ix"),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.resource_type} {self.resource_id}"


MAX_SUBSCRIBER = 50  # characters of a name


class EventDelivery(BaseModel):
    """One subscriber's debt to one event: the memory of the sweep (core/audit/delivery.py)."""

    event = models.ForeignKey(
        AuditLog, on_delete=models.RESTRICT, db_index=False, related_name="deliveries"
    )
    subscriber = models.CharField(_("subscriber"), max_length=MAX_SUBSCRIBER)
    cursor = models.UUIDField(_("delivered up to"), null=True)
    done_at = models.DateTimeField(_("done"), null=True)

    class Meta:
        db_table = "event_deliveries"
        verbose_name = _("event delivery")
        verbose_name_plural = _("event deliveries")
        constraints = (
            models.UniqueConstraint(
                fields=["event", "subscriber"], name="event_deliveries_once_uniq"
            ),
        )
        indexes = (
            # the sweep: what is still to deliver, oldest first
            models.Index(
                fields=["event"],
                condition=models.Q(done_at__isnull=True),
                name="event_deliveries_due_ix",
            ),
            models.Index(fields=["created_at"], name="event_deliveries_created_ix"),
        )

    def __str__(self) -> str:
        return f"{self.subscriber} <- {self.event_id}"


NOT_OVER = models.Q(sent_at__isnull=True, given_up_at__isnull=True)


class OutgoingMailQuerySet(models.QuerySet["OutgoingMail"]):
    def open(self) -> Self:
        """Those that are still to be sent."""
        return self.filter(NOT_OVER)

    def over(self) -> Self:
        """Those that were sent or given up."""
        return self.exclude(NOT_OVER)


class OutgoingMail(BaseModel):
    """One mail to one address: the memory of core/outbox.py.

    ``message`` is encrypted (core/encryption.py), because links in mails open accounts, and is gone
    as soon as the mail is sent or given up.
    """

    recipient = models.TextField(_("to"))
    message = models.TextField(editable=False)
    attempts = models.PositiveIntegerField(_("tries"), default=0, db_default=0)
    due_at = models.DateTimeField(_("next try"), db_default=Now())
    last_error = models.CharField(_("last failure"), max_length=200, blank=True, db_default="")
    sent_at = models.DateTimeField(_("sent"), null=True)
    given_up_at = models.DateTimeField(_("given up"), null=True)

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        db_table = "outgoing_mails"
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mails")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(sent_at__isnull=True) | models.Q(given_up_at__isnull=True),
                name="outgoing_mails_one_end_ck",
            ),
            # a secret stays no longer than it is needed
            models.CheckConstraint(
                condition=(NOT_OVER & ~models.Q(message="")) | (~NOT_OVER & models.Q(message="")),
                name="outgoing_mails_erased_ck",
            ),
        )
        indexes = (
            # the sender: what is due, the longest waiting first
            models.Index(fields=["due_at", "id"], condition=NOT_OVER, name="outgoing_mails_due_ix"),
            models.Index(fields=["created_at"], name="outgoing_mails_created_ix"),
            # the administrators' search
            models.Index(
                Lower("recipient"), models.F("id").desc(), name="outgoing_mails_recipient_ix"
            ),
            # the administrators' filter: rare, and anywhere
            models.Index(
                fields=["-id"],
                condition=models.Q(given_up_at__isnull=False),
                name="outgoing_mails_given_up_ix",
            ),
            # the daily deletion of what is long over
            models.Index(fields=["updated_at"], name="outgoing_mails_updated_ix"),
        )

    def __str__(self) -> str:
        return str(self.pk)


class Setting(BaseModel):
    """What the community decided, as text; core/options.py knows type, default and meaning."""

    class Type(models.TextChoices):
        TEXT = "text", _("text")
        INTEGER = "integer", _("whole number")
        AMOUNT = "amount", _("amount")
        BOOLEAN = "boolean", _("yes or no")

    key = models.CharField(_("key"), max_length=100, unique=True)
    value = models.TextField(_("value"))
    type = models.CharField(_("type"), max_length=20, choices=Type.choices)
    description = models.TextField(_("description"), blank=True)
    is_public = models.BooleanField(_("public"), default=False, db_default=False)

    class Meta:
        db_table = "settings"
        verbose_name = _("setting")
        verbose_name_plural = _("settings")
        ordering = ("key",)
        indexes = (
            models.Index(fields=["is_public"], name="settings_public_ix"),
            models.Index(fields=["created_at"], name="settings_created_ix"),
        )

    def __str__(self) -> str:
        return self.key


class FormKey(BaseModel):
    """A form that was sent, and the key of what it made: the same one again makes nothing more.

    core/once.py writes these, in the transaction of what they are about, and the daily task
    forgets them. ``sent`` is a keyed digest of what stood in the form, never the words.
    """

    form = models.CharField(_("form"), max_length=32)
    key = models.UUIDField(_("key"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("member"),
    )
    sent = models.CharField(_("what was sent"), max_length=64)
    result = models.UUIDField(_("what it made"))

    class Meta:
        db_table = "form_keys"
        verbose_name = _("sent form")
        verbose_name_plural = _("sent forms")
        constraints = (
            # Of each member their own: another's key opens nothing. Also what an erasure looks up.
            models.UniqueConstraint(
                fields=["user", "form", "key"], nulls_distinct=False, name="form_keys_once_uniq"
            ),
        )
        indexes = (
            # what is older than a day
            models.Index(fields=["created_at"], name="form_keys_created_ix"),
        )

    def __str__(self) -> str:
        return f"{self.form} {self.key}"


class Brake(BaseModel):
    """How often one member did one thing since ``since``: core/brakes.py counts and refuses."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,
        related_name="+",
        verbose_name=_("member"),
    )
    act = models.CharField(_("act"), max_length=32)
    since = models.DateTimeField(_("since"), db_default=Now())
    count = models.IntegerField(_("times"), default=1, db_default=1)

    class Meta:
        db_table = "brakes"
        verbose_name = _("brake")
        verbose_name_plural = _("brakes")
        constraints = (
            models.UniqueConstraint(fields=["user", "act"], name="brakes_user_act_uniq"),
            models.CheckConstraint(condition=models.Q(count__gt=0), name="brakes_count_ck"),
        )
        indexes = (models.Index(fields=["created_at"], name="brakes_created_ix"),)

    def __str__(self) -> str:
        return f"{self.user_id} {self.act} {self.count}"
