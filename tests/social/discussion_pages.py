"""A proposal's discussion: where it is, and what stands in it."""

import re
from uuid import UUID

from governance.models import Proposal

HTMX = {"HX-Request": "true"}

UNKNOWN = UUID(int=7)


def page_of(proposal: Proposal) -> str:
    return f"/proposals/{proposal.number}/"


def comments_of(proposal: Proposal) -> str:
    return f"/proposals/{proposal.number}/comments/"


def articles(html: str) -> list[str]:
    """The keys of the comments in it, from top to bottom."""
    return re.findall(r'<article [^>]*id="c-([^"]+)"', html)
