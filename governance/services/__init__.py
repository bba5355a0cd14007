"""What governance does: one verb a function. Doors call these and nothing below them."""

from .lifecycle import (
    Advanced,
    advance_proposals,
    cancel_proposal,
    close_proposal,
    expire_proposal,
    open_proposal,
)
from .proposals import (
    copy_proposal,
    count_preview,
    create_draft,
    delete_draft,
    edit_proposal,
    publish_proposal,
    withdraw_proposal,
)
from .votes import cast_vote, check_ballot

__all__ = [
    "Advanced",
    "advance_proposals",
    "cancel_proposal",
    "cast_vote",
    "check_ballot",
    "close_proposal",
    "copy_proposal",
    "count_preview",
    "create_draft",
    "delete_draft",
    "edit_proposal",
    "expire_proposal",
    "open_proposal",
    "publish_proposal",
    "withdraw_proposal",
]
