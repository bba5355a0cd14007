"""The discussion below a proposal: read, comment, answer, like and dislike."""

from __future__ import annotations

from dataclasses import asdict, replace
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.signed_in import MemberRequest, is_signed_in, sign_in_first
from dao_portal.core.db.base import under
from dao_portal.core.errors import DomainError
from dao_portal.core.once import read_key
from dao_portal.core.web.htmx import HtmxRequest, render_page
from dao_portal.core.web.http import see_other
from governance.models import Proposal
from governance.views.proposals import detail_context

from ..errors import ParentNotFound
from ..models import Comment, CommentReaction
from ..queries import SORT_COOKIE, DiscussionQuery, read_discussion_query, read_sort, read_uuid
from ..selectors import comment_list
from ..services import comments
from ..templatetags.comments import reactions, shared_icons, shared_words

A_YEAR = 365 * 24 * 3600
Kind = CommentReaction.Kind


@require_http_methods(["GET", "HEAD", "POST"])
def show_comment_list(request: HtmxRequest, number: int) -> HttpResponse:
    """A page of the discussion, for htmx; the proposal's page has it for everybody. POST comments.

    An order that is asked for here is remembered.
    """
    proposals = Proposal.objects.published().select_related("proposer__profile", "token")
    proposal = get_object_or_404(proposals.defer(*Proposal.BODIES), number=number)
    if request.method == "POST":
        return _post(request, proposal)
    wanted = read_discussion_query(request.GET, request.COOKIES)
    if request.htmx:
        context = {"proposal": proposal, "wanted": wanted}
        response = render_page(request, "social/comment_list.html", context)
    else:
        response = redirect(_address(proposal, wanted, "discussion"))
    if request.GET.get("sort") in comment_list.Sort.values:
        _remember_sort(request, response, wanted.sort)
    return response


@require_safe
def show_comment_detail(request: HtmxRequest, comment_id: UUID) -> HttpResponse:
    """The permalink: on to the page of the discussion on which the comment is now."""
    return redirect(_address_of(request, _get_comment(comment_id)))


@require_safe
def comment_reply(request: HtmxRequest, comment_id: UUID) -> HttpResponse:
    """The form to answer a comment, for htmx; else on to the page with that form open."""
    comment = _get_comment(comment_id)
    if not is_signed_in(request):
        return sign_in_first(request, comment.get_absolute_url())
    if not request.htmx:
        return redirect(_address_of(request, comment, reply=True))
    context = {"proposal": comment.proposal, "parent": comment, "keep": True}
    return render_page(request, "social/comment_form.html", context)


@require_POST
def comment_like(request: HtmxRequest, comment_id: UUID) -> HttpResponse:
    """Like a comment; with ``undo`` no longer."""
    return _react(request, comment_id, Kind.LIKE)


@require_POST
def comment_dislike(request: HtmxRequest, comment_id: UUID) -> HttpResponse:
    """Dislike a comment; with ``undo`` no longer."""
    return _react(request, comment_id, Kind.DISLIKE)


# --- posting --------------------------------------------------------------------------------


def _post(request: HtmxRequest, proposal: Proposal) -> HttpResponse:
    if not is_signed_in(request):
        return sign_in_first(request, f"{proposal.get_absolute_url()}#discussion")
    content = request.POST.get("content", "").replace("\r\n", "\n")
    parent = request.POST.get("parent", "")
    parent_id = read_uuid(parent)
    try:
        if parent and parent_id is None:
            raise ParentNotFound
        comment = comments.post_comment(
            actor=request.user,
            proposal_id=proposal.pk,
            content=content,
            parent_id=parent_id,
            key=read_key(request.POST),
        )
    except DomainError as error:
        typed = DiscussionQuery(reply=parent_id, content=content, error=str(error))
        return _refuse(request, proposal, typed)
    return _show_posted(request, proposal, comment)


def _refuse(request: HtmxRequest, proposal: Proposal, typed: DiscussionQuery) -> HttpResponse:
    """Why it was not posted, above the text as it was typed: the form for htmx, else the page."""
    discussion = Comment.objects.filter(proposal=proposal).select_related("user")
    parent = discussion.filter(pk=typed.reply).first() if typed.reply else None
    if request.htmx:
        form = {"proposal": proposal, "parent": parent} | asdict(typed)
        return render(request, "social/comment_form.html", form, status=422)
    sort = read_sort(request.GET, request.COOKIES)
    typed = replace(typed, sort=sort, reply=None)
    if parent:
        place = comment_list.place_of(parent, sort)
        typed = replace(typed, reply=parent.pk, page=str(place.page), thread=place.thread)
    context = detail_context(request, proposal) | {"wanted": typed}
    return render(request, "governance/proposal_detail.html", context, status=422)


def _show_posted(request: MemberRequest, proposal: Proposal, comment: Comment) -> HttpResponse:
    """The comment in its thread and a toast for htmx; else back to the page, at the comment.

    A comment of its own comes before the threads that are on the page; an answer comes with its
    whole thread, in which others may have answered too.
    """
    words = _("Your comment is posted.")
    if request.htmx:
        posted = comment_list.discussion(
            proposal, request.user, sort=comment_list.Sort.OLDEST, page=1, thread=comment.root_id
        )
        if posted.page.has_next():  # a huge thread, and the answer is further on in it
            messages.success(request, words)
            return HttpResponse(status=204, headers={"HX-Redirect": comment.get_absolute_url()})
        context = {
            "discussion": posted,
            "proposal": proposal,
            "signed_in": True,
            "fresh": comment.pk,
            "answered": comment.parent_id,
            "toast": words,
        }
        response = render(request, "social/comment_posted.html", context)
        if comment.parent_id:
            response["HX-Retarget"] = f"#thread-{comment.root_id}"
        return response
    messages.success(request, words)
    comment.proposal = proposal
    return see_other(_address_of(request, comment))


# --- reacting -------------------------------------------------------------------------------


def _react(request: HtmxRequest, comment_id: UUID, kind: CommentReaction.Kind) -> HttpResponse:
    comment = _get_comment(comment_id)
    if not is_signed_in(request):
        return sign_in_first(request, comment.get_absolute_url())
    member = request.user
    wanted = None if "undo" in request.POST else kind
    mine: int | None = wanted
    error = ""
    try:
        reacted = comments.set_reaction(actor=member, comment=comment, kind=wanted)
    except DomainError as refusal:
        reacted, mine, error = comment, comment_list.reaction_of(member, comment), str(refusal)
    if request.htmx:
        shared = {"words": shared_words(), "icons": shared_icons(), "error": error}
        context = reactions(reacted, mine or 0) | shared
        response = render(
            request, "social/comment_reacted.html", context, status=422 if error else 200
        )
        response["HX-Retarget"], response["HX-Reswap"] = f"#reacts-{comment.pk}", "outerHTML"
        return response
    if error:
        messages.error(request, error)
    return see_other(_address_of(request, comment))


# --- addresses ------------------------------------------------------------------------------


def _get_comment(comment_id: UUID) -> Comment:
    """The comment with its author and its proposal, by the key alone: it asks each partition."""
    published = Comment.objects.published().select_related("user", "proposal")
    published = published.defer(*under("proposal", Proposal.BODIES))
    return get_object_or_404(published, pk=comment_id)


def _address_of(request: HtmxRequest, comment: Comment, *, reply: bool = False) -> str:
    """Where ``comment`` is in the viewer's order; with ``reply``, with the form to answer it."""
    sort = read_sort(request.GET, request.COOKIES)
    place = comment_list.place_of(comment, sort)
    wanted = DiscussionQuery(
        page=str(place.page) if place.page > 1 else "",
        thread=place.thread,
        reply=comment.pk if reply else None,
    )
    return _address(comment.proposal, wanted, f"{'reply' if reply else 'c'}-{comment.pk}")


def _address(proposal: Proposal, wanted: DiscussionQuery, anchor: str) -> str:
    """The proposal's page as ``wanted``; the first page in the usual order needs no words."""
    asked = {
        "sort": "" if wanted.sort == comment_list.Sort.TOP else wanted.sort,
        "page": wanted.page,
        "thread": wanted.thread,
        "reply": wanted.reply,
    }
    query = {name: value for name, value in asked.items() if value}
    number = [proposal.number]
    return reverse("governance:proposal_detail", args=number, query=query, fragment=anchor)


def _remember_sort(request: HtmxRequest, response: HttpResponse, sort: comment_list.Sort) -> None:
    response.set_cookie(
        SORT_COOKIE,
        sort,
        max_age=A_YEAR,
        secure=settings.PORTAL_URL.secure,
        httponly=True,
        samesite="Lax",
    )
