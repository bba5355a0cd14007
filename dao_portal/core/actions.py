"""The closed list of things that happen here. ``grep '"proposal.closed"'`` finds who cares."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class Action(models.TextChoices):
    """What an audit row says was done. A typo is an AttributeError at import, not a lost event."""

    MEMBER_JOINED = "member.joined", _("joined")
    MEMBER_VERIFIED = "member.email_verified", _("verified an e-mail address")
    EMAIL_ADDED = "member.email_added", _("added an e-mail address")
    EMAIL_REMOVED = "member.email_removed", _("removed an e-mail address")
    EMAIL_PRIMARY_CHANGED = "member.email_primary_changed", _("changed the primary e-mail address")
    PASSWORD_CHANGED = "member.password_changed", _("changed the password")
    PASSWORD_RESET = "member.password_reset", _("chose a new password by mail")
    SESSIONS_ENDED = "member.sessions_ended", _("signed out everywhere else")
    ADMINISTRATOR_ADDED = "member.administrator_added", _("was made the administrator")
    MEMBER_RENAMED = "member.renamed", _("got another username")
    PROFILE_CHANGED = "profile.changed", _("changed a profile")
    PROPOSAL_CREATED = "proposal.created", _("saved a draft")
    DRAFT_EDITED = "proposal.draft_edited", _("edited a draft")
    DRAFT_DELETED = "proposal.draft_deleted", _("deleted a draft")
    PROPOSAL_EDITED = "proposal.edited", _("edited a proposal")
    PROPOSAL_PUBLISHED = "proposal.published", _("published a proposal")
    PROPOSAL_WITHDRAWN = "proposal.withdrawn", _("withdrew a proposal")
    PROPOSAL_CANCELLED = "proposal.cancelled", _("cancelled a proposal")
    PROPOSAL_OPENED = "proposal.opened", _("voting opened")
    PROPOSAL_CLOSED = "proposal.closed", _("voting closed")
    PROPOSAL_NOT_OPENED = "proposal.not_opened", _("voting could not be opened")
    PROPOSAL_IMPORTED = "proposal.imported", _("imported a proposal")
    VOTE_CAST = "vote.cast", _("voted")
    VOTE_CHANGED = "vote.changed", _("changed a vote")
    COMMENT_POSTED = "comment.posted", _("commented")
    TOKEN_ADDED = "token.added", _("added a token")
    HOLDERS_IMPORTED = "holders.imported", _("imported holders")
    HOLDING_CLAIMED = "holding.claimed", _("received a waiting holding")
    SETTING_CHANGED = "setting.changed", _("changed a setting")


def action_choices() -> list[tuple[str, Any]]:
    """For model fields: a function, so that a new action needs no migration."""
    return Action.choices


# What a public page of the audit log may show, once there is one. Drafts and sign-ups are nobody
# else's business.
PUBLIC_ACTIONS = frozenset(
    {
        Action.PROPOSAL_EDITED,
        Action.PROPOSAL_PUBLISHED,
        Action.PROPOSAL_WITHDRAWN,
        Action.PROPOSAL_CANCELLED,
        Action.PROPOSAL_OPENED,
        Action.PROPOSAL_CLOSED,
        Action.PROPOSAL_NOT_OPENED,
        Action.PROPOSAL_IMPORTED,
        Action.VOTE_CAST,
        Action.VOTE_CHANGED,
        Action.COMMENT_POSTED,
        Action.TOKEN_ADDED,
        Action.HOLDERS_IMPORTED,
        Action.SETTING_CHANGED,
    }
)
