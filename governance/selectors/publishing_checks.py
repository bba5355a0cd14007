"""What stands between a draft and its publication: asked by the page, judged by the service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dao_portal.core.formats import amount, until
from treasury.selectors import holdings

from ..models import Proposal
from ..outcome import to_units
from ..rules import Rules
from ..wording import HEADROOM

A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Check:
    """One thing that publishing asks for, in words for the author: how it is, or what to do."""

    key: str
    met: bool
    text: str


@dataclass(frozen=True)
class PublishingPower:
    """A member's power beside what publishing needs; ``bar`` and ``mark`` in hundredths."""

    have: Decimal
    need: Decimal
    bar: Fraction
    mark: Fraction

    @property
    def enough(self) -> bool:
        return self.have >= self.need


def publishing_checks(
    proposal: Proposal, author: User, rules: Rules, *, check_notice: bool = True
) -> list[Check]:
    """Everything that publishing asks for, met or not. One query, for the author's power.

    ``check_notice`` is off where the window was announced in time and did not move.
    """
    checks = [_text_check(proposal)]
    if rules.token is None:
        checks.append(Check("token", False, _("The community has no governance token yet.")))
    checks.append(_opens_check(proposal, rules, check_notice=check_notice))
    start, end = proposal.voting_start, proposal.voting_end
    if start and end:
        checks.append(length_check(end - start, rules))
    return [*checks, _power_check(author, rules)]


def publishing_power(member: User, rules: Rules) -> PublishingPower:
    """How ``member``'s power now compares with what publishing needs. One query."""
    have, need = holdings.current_power(member), rules.proposal_threshold
    track = max(to_units(have), to_units(need)) * HEADROOM or Fraction(1)
    return PublishingPower(have, need, to_units(have) * 100 / track, to_units(need) * 100 / track)


def length_check(length: timedelta, rules: Rules) -> Check:
    """Does a vote of ``length`` fit the rules?"""
    if rules.shortest_vote <= length <= rules.longest_vote:
        text = _("Voting lasts %(length)s") % {"length": spell_duration(length)}
        return Check("lasts", True, text)
    bounds = {
        "shortest": spell_duration(rules.shortest_vote),
        "longest": spell_duration(rules.longest_vote),
    }
    text = _("Voting must last between %(shortest)s and %(longest)s.") % bounds
    return Check("lasts", False, text)


def spell_duration(span: timedelta) -> str:
    """Whole days as "7 days", whole hours as "36 hours", anything else in minutes."""
    minutes = span // A_MINUTE
    if minutes and minutes % (24 * 60) == 0:
        days = minutes // (24 * 60)
        return ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
    if minutes and minutes % 60 == 0:
        hours = minutes // 60
        return ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}


def _text_check(proposal: Proposal) -> Check:
    if proposal.description:
        return Check("text", True, _("Title and text are complete"))
    return Check("text", False, _("Write the text of the proposal."))


def _opens_check(proposal: Proposal, rules: Rules, *, check_notice: bool) -> Check:
    start = proposal.voting_start
    if start is None or proposal.voting_end is None:
        return Check("opens", False, _("Say when voting opens and closes."))
    notice = {"notice": spell_duration(rules.notice)}
    if check_notice and start < proposal.now + rules.notice:
        text = _("Voting must open at least %(notice)s after publishing.") % notice
        return Check("opens", False, text)
    distance = {"distance": until(start, proposal.now)}
    if check_notice and rules.notice:
        text = _("Voting opens in %(distance)s, at least %(notice)s away") % (distance | notice)
    else:
        text = _("Voting opens in %(distance)s") % distance
    return Check("opens", True, text)


def _power_check(author: User, rules: Rules) -> Check:
    need = rules.proposal_threshold
    if not need:
        return Check("power", True, _("Every member may publish a proposal"))
    have = holdings.current_power(author)
    words = {"have": amount(have), "need": amount(need)}
    if have < need:
        text = _("You need %(need)s voting power to publish, and you have %(have)s.") % words
        return Check("power", False, text)
    return Check("power", True, _("You have %(have)s power, %(need)s is needed") % words)
