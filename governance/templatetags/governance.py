"""What governance draws inside its own pages and those of others."""

from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils.safestring import SafeString

from accounts.models import User
from dao_portal.core.templatetags.portal import icon

from ..canonical import canonical_amount
from ..selectors import member_detail, proposal_list

register = template.Library()

ICONS = {"yes": "check", "no": "x", "abstain": "minus"}


register.filter("exact", canonical_amount)  # all 18 decimals, as files and hashes have them


@register.simple_tag
def choice_icon(choice: str, size: int = 16) -> SafeString:
    """The sign of a choice; its word always stands beside it."""
    return icon(ICONS[choice], size=size)


@register.simple_tag(takes_context=True)
def member_detail_of(context: RequestContext, member: User) -> member_detail.MemberDetail:
    """What a member did, in numbers."""
    return member_detail.member_detail(member, context["request"].user)


@register.inclusion_tag("governance/parts/member_votes.html", takes_context=True)
def votes_of(
    context: RequestContext, member: User, detail: member_detail.MemberDetail
) -> dict[str, Any]:
    """A member's votes, latest first, beside the viewer's own."""
    request = context["request"]
    page = member_detail.member_votes(
        member, request.user, count=detail.votes, page=request.GET.get("page")
    )
    return {"request": request, "member": member, "page": page}


@register.inclusion_tag("governance/parts/member_proposals.html", takes_context=True)
def proposals_of(context: RequestContext, member: User) -> dict[str, Any]:
    """What a member published, latest first."""
    proposals = list(member_detail.member_proposals(member)[:50])
    return {"rows": proposal_list.proposal_rows(proposals, context["request"].user)}
