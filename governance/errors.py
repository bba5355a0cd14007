"""Why governance says no, in words for the member who asked."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from dao_portal.core.errors import DomainError


class NotYours(DomainError):
    """Only the author may do this."""

    message = _("Only the author of this proposal can do that.")


class NotEditable(DomainError):
    """The text is frozen."""

    message = _("Voting has opened, so the proposal can no longer be changed.")


class ChangedMeanwhile(DomainError):
    """The text was saved elsewhere after it was read for editing; ``version`` is what stands."""

    message = _(
        "This proposal was changed in another window after you opened this one. Nothing was saved,"
        " and what you wrote is still here: save it again to replace the other version."
    )

    def __init__(self, version: str) -> None:
        self.version = version
        super().__init__()


class NotPublishable(DomainError):
    """The draft or its author does not meet today's rules.

    ``problems`` says what is missing, by what it is missing from: title, text, opens, lasts,
    token or power. A form shows each at its field.
    """

    def __init__(
        self, message: str | Promise = "", *, problems: Mapping[str, str] | None = None
    ) -> None:
        self.problems = dict(problems or {})
        super().__init__(message or " ".join(self.problems.values()))


class NotEligible(DomainError):
    """No power was counted for this member."""

    message = _("You had no voting power when voting opened, so you cannot vote on this proposal.")


class VotingNotOpen(DomainError):
    """Before ``opened_at``."""

    message = _("Voting has not opened yet. Nothing was recorded.")


class VotingClosed(DomainError):
    """At or after ``voting_end``, or the proposal was decided."""

    message = _("Voting has closed. Your vote was not recorded.")


class AnotherVoteStands(DomainError):
    """What was to be changed is not what stands: the member voted elsewhere in between.

    ``receipt`` is that of the vote that does stand, or "" for none.
    """

    message = _("Another vote of yours stands. This one was not recorded.")

    def __init__(self, receipt: str) -> None:
        self.receipt = receipt
        super().__init__()


class UnknownChoice(DomainError):
    """Neither yes, no nor abstain."""

    message = _("Choose For, Against or Abstain before you continue.")


class ReasonTooLong(DomainError):
    """More than MAX_REASON characters."""


class NotThere(DomainError):
    """The draft was deleted between being looked at and being acted upon."""

    message = _("This draft was deleted in the meantime.")


class NotADraft(DomainError):
    """Only what nobody else has seen may be deleted."""

    message = _("Only a draft can be deleted. What was published stays readable.")


class NothingToCancel(DomainError):
    """Only a published, undecided proposal can be withdrawn or cancelled."""

    message = _("Only a published proposal that is not decided yet can be taken back.")


class NothingToCopy(DomainError):
    """What is still under way, passed, or was voted on elsewhere needs no second proposal."""

    message = _("Only a proposal that ended here without passing can be proposed again.")


class TooLateToWithdraw(NothingToCancel):
    """Voting has opened; from then on only a moderator can stop it."""

    message = _("A proposal can be withdrawn until voting opens.")
