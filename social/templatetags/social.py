"""What social shows inside the pages of others."""

from typing import Any

from django import template
from django.template.context import RequestContext

from accounts.models import User
from governance.models import Proposal

from ..models import Notification
from ..notices.registry import NOTICES, Notice
from ..queries import read_discussion_query
from ..selectors import comment_list, notification_list

register = template.Library()

LATEST = 4
MEMBER_COMMENTS = 20


@register.simple_tag(takes_context=True)
def unread_count(context: RequestContext) -> int:
    """How many notifications the signed-in member has not read: one query, for bell and inbox.

    None where the page has counted already and says so as ``unread``.
    """
    if "unread" in context:
        return int(context["unread"])
    return notification_list.unread_count(context["request"].user)


@register.simple_tag(takes_context=True)
def latest_notifications(context: RequestContext) -> list[Notification]:
    """The few newest notifications of the signed-in member: one query."""
    return list(notification_list.notifications_of(context["request"].user)[:LATEST])


@register.filter
def notice_of(kind: str) -> Notice[Any] | None:
    """What the registry knows of a notification's ``type``; None: nobody is told of it any more."""
    return NOTICES.get(kind)


@register.inclusion_tag("social/discussion.html", takes_context=True)
def comment_thread(context: RequestContext, proposal: Proposal) -> dict[str, Any]:
    """The discussion of a published proposal: the page of it that the address asks for.

    A page that knows better, because a comment could not be posted, says so as ``wanted``.
    """
    request = context["request"]
    if proposal.status == Proposal.Status.DRAFT:
        return {"discussion": None}
    wanted = context.get("wanted") or read_discussion_query(request.GET, request.COOKIES)
    shown = comment_list.discussion(
        proposal, request.user, sort=wanted.sort, page=wanted.page, thread=wanted.thread
    )
    return {
        "proposal": proposal,
        "discussion": shown,
        "signed_in": request.user.is_authenticated,
        "wanted": wanted,
        "sorts": comment_list.Sort.choices,
        "fresh": None,
        "answered": None,
    }


@register.simple_tag
def comment_count_of(member: User) -> int:
    """How many comments of a member still stand."""
    return comment_list.comments_of_member(member).count()


@register.inclusion_tag("social/member_comments.html")
def comments_of(member: User) -> dict[str, Any]:
    """What a member said of late."""
    return {"comments": comment_list.comments_of_member(member)[:MEMBER_COMMENTS]}
