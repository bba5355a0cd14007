"""The form in which a proposal is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from dao_portal.core.db.base import database_now
from dao_portal.core.errors import DomainError
from dao_portal.core.markdown import TextTooLarge

from .errors import NotPublishable
from .models import MAX_TEXT, MAX_TITLE, Proposal
from .proposal_types import USUAL
from .rules import current_rules
from .selectors import publishing_checks
from .services import proposals

Window = tuple[datetime, datetime]

UNITS = {
    "days": (_("days"), timedelta(days=1)),
    "hours": (_("hours"), timedelta(hours=1)),
    "minutes": (_("minutes"), publishing_checks.A_MINUTE),
}
USUAL_HOUR = time(9)
USUAL_DAYS = 7
MAX_UNITS = 999_999
MAX_AHEAD = timedelta(days=3653)  # further away is a slip of the finger
WINDOW_FIELDS = ("opens_on", "opens_at", "lasts", "unit")
# Where the page shows what the services found missing.
FIELD_OF = {"title": "title", "text": "description", "opens": "opens_on", "lasts": "lasts"}


class ProposalForm(forms.Form):
    """Title, text and window. A draft may lack text and window; publishing asks for them.

    The window is written in the viewer's time zone, to the minute. One that nobody touched stays
    exactly as it is, so that a draft can be mended after its opening has passed.
    """

    title = forms.CharField(
        label=_("Title"),
        max_length=MAX_TITLE,
        help_text=_("Start with a verb, like “Fund” or “Lower”."),
        error_messages={"required": _("Give the proposal a title.")},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=MAX_TEXT,
        help_text=_(
            "Say what you ask for, why now, and what it costs. Markdown works: ## heading,"
            " **bold**, lists and tables."
        ),
        error_messages={"max_length": _("The text may have at most 50,000 characters.")},
        widget=forms.Textarea(attrs={"rows": 14}),
    )
    opens_on = forms.DateField(
        label=_("Opens on"),
        required=False,
        error_messages={"invalid": _("Write the day as year-month-day, such as 2026-12-01.")},
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )
    opens_at = forms.TimeField(
        label=_("At"),
        required=False,
        error_messages={"invalid": _("Write the time as hours and minutes, such as 09:00.")},
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    lasts = forms.IntegerField(
        label=_("Lasts"),
        required=False,
        min_value=1,
        max_value=MAX_UNITS,
        error_messages={
            "invalid": _("Write how long voting lasts as a whole number."),
            "min_value": _("Voting must close after it opens."),
            "max_value": _("Voting cannot last that long."),
        },
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )
    unit = forms.ChoiceField(
        label=_("Unit"), choices=[(key, label) for key, (label, _length) in UNITS.items()]
    )
    # Of which saved text this is a change: that another window did not save a newer one.
    version = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        proposal: Proposal | None = None,
        typed: Mapping[str, Any] | None = None,
    ) -> None:
        """``typed`` is shown again without being judged, in place of what ``proposal`` says."""
        self.type = proposal.type if proposal else USUAL.key
        self.window = None if typed else _window_of(proposal)
        super().__init__(data, initial=_written(proposal) | dict(typed or {}))
        zone = {"zone": timezone.get_current_timezone()}
        self.fields["opens_at"].label = gettext("At (%(zone)s)") % zone

    def clean(self) -> None:
        if set(WINDOW_FIELDS) & set(self.changed_data):
            self.window = self._read_window()

    def _read_window(self) -> Window | None:
        """What the four fields say; None without a day, or with an error at one of them."""
        if set(WINDOW_FIELDS) & set(self.errors):
            return None
        day, hour, count, unit = (self.cleaned_data[name] for name in WINDOW_FIELDS)
        if day is None:
            return None
        if hour is None:
            self.add_error("opens_at", gettext("Say at what time voting opens."))
        if count is None:
            self.add_error("lasts", gettext("Say how long voting lasts."))
        if hour is None or count is None:
            return None
        start = timezone.make_aware(datetime.combine(day, hour))
        length = count * UNITS[unit][1]
        problems = _window_problems(start, length)
        for field, text in problems.items():
            self.add_error(field, text)
        if problems:
            return None
        start = start.astimezone(UTC)
        return start, start + length

    def content(self) -> proposals.Content:
        """What was written; only after ``is_valid``."""
        start, end = self.window or (None, None)
        return proposals.Content(
            title=self.cleaned_data["title"],
            description=self.cleaned_data["description"],
            voting_start=start,
            voting_end=end,
            type=self.type,
        )

    def read_again(self, version: str) -> None:
        """Let the next saving replace ``version``, now that its author knows of it."""
        self.data = {**dict(self.data.items()), "version": version}

    def add_refusal(self, refusal: DomainError) -> None:
        """Show why the services refused; what is missing, at its field."""
        problems = {"": str(refusal)}
        if isinstance(refusal, NotPublishable):
            problems = refusal.problems
        elif isinstance(refusal, TextTooLarge):
            problems = {"text": str(refusal)}
        for key, text in problems.items():
            self.add_error(FIELD_OF.get(key), text)


def _window_problems(start: datetime, length: timedelta) -> dict[str, str]:
    """What is wrong with a window already while it is written, by field.

    ``start`` is in the viewer's zone, whose clocks may skip an hour or show one twice.
    """
    problems = {}
    offset, later_offset = start.utcoffset(), start.replace(fold=1).utcoffset()
    assert offset is not None
    assert later_offset is not None
    zone = {"zone": start.tzinfo}
    if offset < later_offset:
        problems["opens_at"] = (
            gettext("On this day the clocks in %(zone)s skip this time. Choose another one.") % zone
        )
    if offset > later_offset:
        problems["opens_at"] = (
            gettext("On this day the clocks in %(zone)s show this time twice. Choose another one.")
            % zone
        )
    now = database_now()
    if start <= now:
        problems["opens_on"] = gettext("That moment has passed. Choose a later one.")
    if start > now + MAX_AHEAD:
        problems["opens_on"] = gettext("That day is too far away.")
    check = publishing_checks.length_check(length, current_rules())
    if not check.met:
        problems["lasts"] = check.text
    return problems


def _window_of(proposal: Proposal | None) -> Window | None:
    if proposal and proposal.voting_start and proposal.voting_end:
        return proposal.voting_start, proposal.voting_end
    return None


def _written(proposal: Proposal | None) -> dict[str, Any]:
    """``proposal`` as its author would write it; for a new one the usual hour and length."""
    usual = {"opens_at": USUAL_HOUR, "lasts": USUAL_DAYS, "unit": "days"}
    if proposal is None:
        return usual
    text = {
        "title": proposal.title,
        "description": proposal.description,
        "version": proposal.saved_version,
    }
    window = _window_of(proposal)
    return text | (_written_window(window) if window else usual)


def _written_window(window: Window) -> dict[str, Any]:
    start, length = (
        timezone.localtime(window[0]),
        (window[1] - window[0]) // publishing_checks.A_MINUTE * publishing_checks.A_MINUTE,
    )
    unit = next(key for key, (_label, size) in UNITS.items() if not length % size)
    return {
        "opens_on": start.date(),
        "opens_at": start.time().replace(second=0, microsecond=0),
        "lasts": length // UNITS[unit][1],
        "unit": unit,
    }
