"""Why social says no, in words for the member who asked."""

from django.utils.translation import gettext_lazy as _

from dao_portal.core.errors import DomainError


class CommentEmpty(DomainError):
    """Nothing to read in it."""

    message = _("Write something before you post.")


class CommentTooLong(DomainError):
    """More than Comment.MAX_LENGTH characters."""


class DiscussionNotOpen(DomainError):
    """A draft is its author's own affair."""

    message = _("The discussion opens when the proposal is published.")


class ParentNotFound(DomainError):
    """No such comment in this discussion."""

    message = _("The comment you answer is not part of this discussion.")


class CommentRemoved(DomainError):
    """There is nothing left to answer or to like."""

    message = _("This comment was removed in the meantime.")
