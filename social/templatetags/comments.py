"""What a comment shows, made ready for its template.

A page has hundreds of comments, and most of its price is what a template looks up. So words and
icons that are alike in all of them are made once for the page, and what a comment says in several
places is worked out once for the comment.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

from django import template
from django.template.context import Context
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.templatetags.accounts import avatar, member_name
from dao_portal.core.formats import amount, when
from dao_portal.core.templatetags.portal import icon
from governance.models import Proposal

from ..models import Comment
from ..queries import DiscussionQuery
from ..selectors import comment_list

register = template.Library()

OF_THE_PAGE = ("proposal", "signed_in", "wanted", "fresh", "answered")
ANY = str(UUID(int=0))


def shared_words() -> dict[str, str]:
    """What all comments say alike, in the viewer's language."""
    return {
        "permalink": _("link to this comment"),
        "edited": _("edited"),
        "like": _("Like this comment, likes:"),
        "likes": _("Likes:"),
        "dislike": _("Dislike this comment, dislikes:"),
        "dislikes": _("Dislikes:"),
        "reply": _("Reply"),
    }


def shared_icons() -> dict[str, SafeString]:
    """What stands on the buttons of all comments."""
    return {
        "like": icon("thumbs-up", size=16),
        "dislike": icon("thumbs-down", size=16),
        "reply": icon("reply", size=16),
    }


@dataclass
class Shared:
    """What the comments of one page share; its authors as they come up."""

    proposal: Proposal
    signed_in: bool
    wanted: DiscussionQuery | None
    fresh: UUID | None
    answered: UUID | None
    words: dict[str, str] = field(default_factory=shared_words)
    icons: dict[str, SafeString] = field(default_factory=shared_icons)
    authors: dict[UUID, dict[str, Any]] = field(default_factory=dict)


@register.inclusion_tag("social/comment.html", takes_context=True)
def comment_node(context: Context, node: comment_list.Node) -> dict[str, Any]:
    """A comment with what stands below it."""
    shared = context.get("shared")
    if shared is None:
        of_the_page: dict[str, Any] = {name: context.get(name) for name in OF_THE_PAGE}
        shared = context["shared"] = Shared(**of_the_page)
    comment, author = node.comment, node.comment.user
    shown = {
        "shared": shared,
        "words": shared.words,
        "icons": shared.icons,
        "signed_in": shared.signed_in,
        "depth": SafeString(node.depth),
        "moment": when(comment.created_at, "since"),
        "is_removed": comment.is_deleted,
        "is_fresh": comment.pk == shared.fresh,
        "is_answered": comment.pk == shared.answered,
        "node": node,
        "below": node.answers,
        "hidden": node.hidden,
    } | reactions(comment, node.mine)
    if not comment.is_deleted:
        if author.pk not in shared.authors:
            is_proposer = author.pk == shared.proposal.proposer_id
            shared.authors[author.pk] = authorship(author, is_proposer=is_proposer)
        shown |= shared.authors[author.pk] | {
            "is_edited": comment.edited_at is not None,
            "text": SafeString(comment.content_html),
            "form_is_open": shared.wanted is not None and comment.pk == shared.wanted.reply,
        }
    if comment.parent_id:
        shown |= answer_to(node)
    if node.answers:
        count = ngettext("%(n)s reply", "%(n)s replies", node.below)
        shown["replies"] = count % {"n": amount(node.below)}
    return shown


def reactions(comment: Comment, mine: int) -> dict[str, Any]:
    """What the buttons below ``comment`` need; ``mine`` is the viewer's own 1, -1 or 0."""
    return {
        "id": SafeString(comment.pk),
        "address": SafeString(address_of(comment.pk)),
        "likes": SafeString(amount(comment.likes)),
        "dislikes": SafeString(amount(comment.dislikes)),
        "has_dislikes": comment.dislikes > 0,
        "likes_it": mine == 1,
        "dislikes_it": mine == -1,
    }


def authorship(author: User, *, is_proposer: bool) -> dict[str, Any]:
    """How the author of comments is shown."""
    return {
        "author": member_name(author, _("Proposer") if is_proposer else ""),
        "avatar": avatar(author, "s"),
        "to_author": SafeString(_("to %(author)s") % {"author": escape(author)}),
    }


def answer_to(node: comment_list.Node) -> dict[str, Any]:
    """Whom it answers: a link where it stands beside what it answers, else words to be heard."""
    comment, parent = node.comment, node.parent
    if parent is None:
        return {
            "answers": _("in reply to an earlier comment"),
            "answers_address": SafeString(address_of(comment.parent_id)),
        }
    if parent.is_deleted:
        answers = _("in reply to a removed comment")
    else:
        answers = _("in reply to %(name)s") % {"name": parent.user}
    return {
        "answers": answers,
        "answers_address": SafeString(f"#c-{parent.pk}") if node.is_flattened else "",
    }


def address_of(comment_id: UUID | None) -> str:
    """A comment's ``get_absolute_url()``, for which the router is asked only once."""
    return _any_address().replace(ANY, str(comment_id))


@lru_cache(maxsize=1)
def _any_address() -> str:
    return reverse("social:comment_detail", args=[ANY])
