"""What the rule says, in words: one source for pages, notifications and mails.

Numbers are cut, never rounded, and where a short form would look as if a mark had been reached
that was missed, it gets the digits that it takes to tell. The rule knows power alone: a sentence
about power says "power", and one about people counts them (``voters``), because votes without
power are votes as well. Sentences come with <strong> where a page stresses a word.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from dao_portal.core.formats import amount, percent, power

from .outcome import Outcome, Reason, Rule, from_units

MAX_PLACES = 6
HEADROOM = Fraction(112, 100)  # a bar's track is that much longer than what stands on it


# --- numbers that stand beside a mark -----------------------------------------------------------


def needed_share(rule: Rule) -> str:
    """The approval that a rule asks for, exactly: "60%", or "2/3" where no percentage is exact."""
    return share_words(Fraction(rule.approval_numerator, rule.approval_denominator))


def reached_share(outcome: Outcome, rule: Rule) -> str:
    """For among For and Against, on its true side of the mark; "" when there is neither."""
    share = approval_of(outcome)
    if share is None:
        return ""
    mark = Fraction(rule.approval_numerator, rule.approval_denominator)
    for places in range(1, MAX_PLACES + 1):
        cut = Fraction(int(share * 100 * 10**places), 10**places)
        if (cut >= mark * 100) == (share >= mark):
            return percent(share * 100, places)
    if share == mark:
        return share_words(mark)
    return percent(share * 100, MAX_PLACES).replace("%", "…%")


def approval_of(outcome: Outcome) -> Fraction | None:
    """For as a share of For and Against; None when there is neither."""
    majority = outcome.clause("majority")
    decided = majority.have + majority.need
    return Fraction(majority.have, decided) if decided else None


def beside(have: int, need: int) -> tuple[str, str]:
    """Two powers (base units), short; in full where unlike ones would look alike."""
    short = power(from_units(have)), power(from_units(need))
    if have != need and short[0] == short[1]:
        return amount(from_units(have)), amount(from_units(need))
    return short


def share_words(share: Fraction) -> str:
    """``share`` of 1, exactly: "60%", "62.5%", or "2/3" where two decimals are too few."""
    exact = (share * 10_000).denominator == 1
    return percent(share * 100, 2) if exact else f"{share.numerator}/{share.denominator}"


def _short(units: int) -> str:
    return power(from_units(units))


# --- the verdict, one sentence ------------------------------------------------------------------


def live_verdict(outcome: Outcome, rule: Rule, *, voters: int) -> SafeString:
    """What would happen if voting closed now, and why."""
    if outcome.passed:
        passes = _("If voting closed now, this would <strong>pass</strong>.")
        return mark_safe(passes)  # noqa: S308  (our own words, nothing filled in)
    return format_html(
        _("If voting closed now, this would <strong>not pass</strong>: {why}."),
        why=_LIVE[_case(outcome, voters)](outcome, rule),
    )


def final_verdict(outcome: Outcome, rule: Rule, *, voters: int) -> str:
    """What happened, and why."""
    if outcome.passed:
        return _("Quorum and approval were met.")
    return _FINAL[_case(outcome, voters)](outcome, rule)


def without_share(outcome: Outcome, *, voters: int) -> str:
    """What a list says where neither For nor Against has power, so that there is no share."""
    if outcome.clause("turnout").have:
        return _("all power is Abstain")
    return _("no power voted") if voters else _("nobody voted")


def _case(outcome: Outcome, voters: int) -> str:
    """The outcome's reason, told apart where one reason has two stories."""
    if outcome.reason == Reason.NO_VOTES and voters:
        return "no_power"
    if outcome.reason == Reason.TIE and approval_of(outcome) is None:
        return "only_abstain"
    if outcome.reason == Reason.BELOW_THRESHOLD and not outcome.clause("majority").met:
        return "majority"
    return outcome.reason


def _live_turnout(outcome: Outcome, rule: Rule) -> str:
    turnout, quorum = outcome.clause("turnout"), outcome.clause("quorum")
    gap = {"gap": _short(turnout.missing)}
    if turnout.missing == quorum.missing:
        return _("quorum is %(gap)s short") % gap
    # More is missing from the quorum than from the turnout: only one of them decides.
    return _("turnout is %(gap)s short of the quorum") % gap


def _live_quorum(outcome: Outcome, rule: Rule) -> str:
    words = {"gap": _short(outcome.clause("quorum").missing), "choices": _counting_choices(rule)}
    return _("quorum is %(gap)s short, and only %(choices)s toward it") % words


def _live_approval(outcome: Outcome, rule: Rule) -> str:
    words = {"share": reached_share(outcome, rule), "needed": needed_share(rule)}
    return _("approval is %(share)s and needs %(needed)s") % words


def _counting_choices(rule: Rule) -> str:
    if rule.quorum_mode == "for":
        return _("For counts")
    return _("For and Abstain count")


_LIVE: dict[str, Callable[[Outcome, Rule], str]] = {
    Reason.NO_VOTES: lambda outcome, rule: _("nobody has voted yet"),
    "no_power": lambda outcome, rule: _("nobody with power has voted yet"),
    Reason.TURNOUT: _live_turnout,
    Reason.SUPPORT_QUORUM: _live_quorum,
    "only_abstain": lambda outcome, rule: _("no power is For or Against"),
    Reason.TIE: lambda outcome, rule: _("For and Against have equal power, and a tie never passes"),
    "majority": lambda outcome, rule: _("more power is Against than For"),
    Reason.BELOW_THRESHOLD: _live_approval,
}

_FINAL: dict[str, Callable[[Outcome, Rule], str]] = {
    Reason.NO_VOTES: lambda outcome, rule: _("Nobody voted, so nothing was decided."),
    "no_power": lambda outcome, rule: _("Nobody with power voted, so nothing was decided."),
    Reason.TURNOUT: lambda outcome, rule: _("Too little power took part, so nothing was decided."),
    Reason.SUPPORT_QUORUM: lambda outcome, rule: (
        _("Quorum was %(gap)s short: only %(choices)s toward it.")
        % {"gap": _short(outcome.clause("quorum").missing), "choices": _counting_choices(rule)}
    ),
    "only_abstain": lambda outcome, rule: _("No power was For or Against."),
    Reason.TIE: lambda outcome, rule: _("For and Against had equal power, and a tie never passes."),
    "majority": lambda outcome, rule: _("More power voted Against than For."),
    Reason.BELOW_THRESHOLD: lambda outcome, rule: (
        _("Approval was %(share)s and needed %(needed)s.")
        % {"share": reached_share(outcome, rule), "needed": needed_share(rule)}
    ),
}


# Reasons without their numbers, for lists and filters: every value of Proposal.outcome_reason.
REASONS = {
    Reason.APPROVED: gettext_lazy("Quorum and approval were met"),
    Reason.NO_VOTES: gettext_lazy("Nobody with power voted"),
    Reason.TURNOUT: gettext_lazy("Too little power took part"),
    Reason.SUPPORT_QUORUM: gettext_lazy("The quorum was missed"),
    Reason.TIE: gettext_lazy("For and Against had equal power"),
    Reason.BELOW_THRESHOLD: gettext_lazy("The approval was missed"),
    Reason.CANCELLED: gettext_lazy("Cancelled by a moderator"),
    Reason.WITHDRAWN: gettext_lazy("Withdrawn by its author"),
    Reason.NOT_OPENED: gettext_lazy("Voting could not be opened in time"),
}


# --- the result, a headline and a line under it -------------------------------------------------


@dataclass(frozen=True)
class Headline:
    """The words at the top of a proposal that is over."""

    title: str
    text: str


def result_headline(outcome: Outcome, rule: Rule, *, voters: int) -> Headline:
    """How it ended, for the page's banner and for the notification."""
    if outcome.passed:
        return _passed(outcome, rule, voters)
    if outcome.status == "expired":
        return _expired(outcome, voters)
    return _rejected(outcome, rule, voters)


def counting_headline(*, overdue: bool) -> Headline:
    """Between the end of voting and the result; ``overdue``: longer than that should take."""
    if overdue:
        return Headline(
            _("Voting has closed, the count is late"),
            _(
                "Votes can no longer change. The portal is late in writing down the result; every"
                " vote is kept, and it will be counted as it stood at the end."
            ),
        )
    return Headline(
        _("Voting has closed, counting"),
        _(
            "The result is written down within a minute. Votes can no longer change."
            " This page updates itself."
        ),
    )


def cancelled_headline(note: str) -> Headline:
    """Stopped by a moderator; ``note`` is the public reason."""
    return Headline(_("Cancelled by a moderator"), note)


def withdrawn_headline() -> Headline:
    """Taken back by the author."""
    return Headline(
        _("Withdrawn by its author"),
        _("It was taken back before voting opened. Nothing was decided."),
    )


def not_opened_headline() -> Headline:
    """The end came before the opening: the portal stood still for the whole window."""
    return Headline(
        _("Voting could not be opened in time"),
        _(
            "The portal could not open the vote before its end, so no power was counted and nobody"
            " could vote. Nothing was decided. Its author can propose it again."
        ),
    )


def _passed(outcome: Outcome, rule: Rule, voters: int) -> Headline:
    quorum = outcome.clause("quorum")
    counted, needed = beside(quorum.have, quorum.need)
    return Headline(
        _("Passed with %(share)s For") % {"share": reached_share(outcome, rule)},
        ngettext(
            "%(counted)s power counted toward a quorum of %(needed)s. %(voters)s member voted.",
            "%(counted)s power counted toward a quorum of %(needed)s. %(voters)s members voted.",
            voters,
        )
        % {"counted": counted, "needed": needed, "voters": amount(voters)},
    )


def _expired(outcome: Outcome, voters: int) -> Headline:
    if outcome.reason == Reason.NO_VOTES and voters:
        return Headline(
            _("No decision: nobody with power voted"),
            ngettext(
                "%(voters)s member voted, without any power. Nothing was decided."
                " It can come back as a new proposal.",
                "%(voters)s members voted, without any power. Nothing was decided."
                " It can come back as a new proposal.",
                voters,
            )
            % {"voters": amount(voters)},
        )
    if outcome.reason == Reason.NO_VOTES:
        return Headline(
            _("No decision: nobody voted"),
            _("Nothing was decided. It can come back as a new proposal."),
        )
    turnout = outcome.clause("turnout")
    voted, needed = beside(turnout.have, turnout.need)
    return Headline(
        _("No decision: too little power took part"),
        _(
            "%(voted)s power voted and %(needed)s was needed."
            " Nothing was decided, whatever the votes said."
        )
        % {"voted": voted, "needed": needed},
    )


def _rejected(outcome: Outcome, rule: Rule, voters: int) -> Headline:
    verdict = final_verdict(outcome, rule, voters=voters)
    if outcome.reason == Reason.SUPPORT_QUORUM:
        return Headline(
            _("Rejected: the quorum was missed"),
            _("%(verdict)s It can come back as a new proposal.") % {"verdict": verdict},
        )
    share = reached_share(outcome, rule)
    return Headline(
        _("Rejected with %(share)s For") % {"share": share} if share else _("Rejected"),
        _("%(verdict)s Quorum was met, so this is a decision: it can come back as a new proposal.")
        % {"verdict": verdict},
    )
