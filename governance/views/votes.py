"""Voting, and reading every vote."""

from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.signed_in import MemberRequest, is_signed_in, sign_in_first
from dao_portal.core.brakes import TooOften
from dao_portal.core.errors import DomainError
from dao_portal.core.formats import amount
from dao_portal.core.web.htmx import HtmxRequest, render_page
from dao_portal.core.web.http import see_other

from ..errors import AnotherVoteStands, ReasonTooLong, UnknownChoice
from ..models import Proposal, Vote
from ..selectors import proposal_detail, vote_card, vote_list
from ..services import votes
from .proposals import detail_context

DETAIL = "governance/proposal_detail.html"


@require_http_methods(["GET", "HEAD", "POST"])
def vote_cast(request: HtmxRequest, number: int) -> HttpResponse:
    """Choose, look once more, cast. GET shows the form again to who has voted."""
    proposal = get_object_or_404(
        Proposal.objects.published().select_related("proposer__profile", "token"), number=number
    )
    if request.method == "POST" and is_signed_in(request):
        return _take_step(request, proposal)
    if request.method == "POST":
        return sign_in_first(request, f"{proposal.get_absolute_url()}#vote")
    if _wants_card(request):
        card = vote_card.vote_card(proposal, request.user, changing=True)
        return _show(request, proposal, replace(card, focus=True))
    page = "governance:proposal_detail"
    return redirect(reverse(page, args=[number], query={"change": 1}, fragment="vote"))


def _take_step(request: MemberRequest, proposal: Proposal) -> HttpResponse:
    """review, confirm or back. What was typed stays, whatever comes of it."""
    member, step = request.user, request.POST.get("step")
    ballot = {
        "choice": request.POST.get("choice", ""),
        "reason": request.POST.get("reason", "").replace("\r\n", "\n").replace("\0", ""),
        "replaces": request.POST.get("replaces", ""),
    }

    def typed(**said: str) -> vote_card.VoteCard:
        """The member's card with what they sent; asked for only where it is shown."""
        card = vote_card.vote_card(proposal, member, changing=True)
        return replace(card, focus=True, **{**ballot, **said})  # type: ignore[arg-type]

    if step == "back":
        return _show(request, proposal, typed())
    try:
        if step != "confirm":
            votes.check_ballot(actor=member, proposal_id=proposal.pk, **ballot)
            return _show(request, proposal, typed(state="review"))
        vote = votes.cast_vote(actor=member, proposal_id=proposal.pk, **ballot)
    except (UnknownChoice, ReasonTooLong, TooOften) as error:
        return _refuse(request, proposal, typed(error=str(error)))
    except AnotherVoteStands as error:
        return _show_both(request, proposal, typed(state="rival", error=str(error)))
    except DomainError as error:
        return _refuse(request, proposal, typed(state="refused", error=str(error)))
    return _thank(request, proposal, vote)


def _show_both(
    request: MemberRequest, proposal: Proposal, rival: vote_card.VoteCard
) -> HttpResponse:
    """What stands beside what was sent. Answering it replaces what is shown here, or nothing."""
    both = replace(rival, replaces=rival.receipt)
    if not _wants_card(request):
        return _refuse(request, proposal, both)
    # The results beside the card may be older than the vote that stands.
    return render(request, f"{DETAIL}#voted", _both_at_once(proposal, both), status=422)


def _both_at_once(proposal: Proposal, card: vote_card.VoteCard) -> dict[str, object]:
    """Card and results for htmx: each says of the vote what the other says."""
    return {
        "proposal": proposal,
        "detail": proposal_detail.proposal_detail(proposal),
        "card": card,
        "out_of_band": True,
    }


def _wants_card(request: HtmxRequest) -> bool:
    """Does htmx ask for the vote card alone?"""
    return bool(request.htmx) and request.htmx.target == "vote"


def _show(
    request: HtmxRequest, proposal: Proposal, card: vote_card.VoteCard, *, status: int = 200
) -> HttpResponse:
    if _wants_card(request):
        context: dict[str, object] = {"proposal": proposal, "card": card}
    else:
        context = detail_context(request, proposal, card)
    return render_page(request, DETAIL, context, partials=("vote",), status=status)


def _refuse(request: HtmxRequest, proposal: Proposal, card: vote_card.VoteCard) -> HttpResponse:
    return _show(request, proposal, card, status=422)


def _thank(request: HtmxRequest, proposal: Proposal, vote: Vote) -> HttpResponse:
    """Card, results and a toast at once for htmx; else back to the page with a message."""
    words = _("Your vote is in: %(choice)s, with %(power)s power.") % {
        "choice": vote.get_vote_type_display(),
        "power": amount(vote.voting_power),
    }
    if not _wants_card(request):
        messages.success(request, words)
        return see_other(f"{proposal.get_absolute_url()}#vote")
    card = replace(vote_card.voted_card(proposal, vote), focus=True)
    context = _both_at_once(proposal, card) | {"toast": words}
    return render(request, f"{DETAIL}#voted", context)


@require_safe
def show_vote_list(request: HtmxRequest, number: int) -> HttpResponse:
    """Every vote, and how the turnout grew."""
    proposal = get_object_or_404(
        Proposal.objects.published().select_related("proposer", "token").defer(*Proposal.BODIES),
        number=number,
    )
    only_list = request.htmx.target == "votes"
    listed = vote_list.vote_list(
        proposal,
        request.user,
        _filters(request.GET),
        page=request.GET.get("page"),
        with_chart=not only_list,
    )
    context = {
        "proposal": proposal,
        "list": listed,
        "filters": listed.filters,
        "sorts": vote_list.SORTS,
    }
    return render_page(request, "governance/vote_list.html", context, partials=("votes",))


def _filters(query: QueryDict) -> vote_list.VoteFilters:
    choice, sort = query.get("choice", ""), query.get("sort", "")
    return vote_list.VoteFilters(
        choice=choice if choice in Vote.Choice.values else "",
        sort=sort if sort in vote_list.SORTS else "power",
        with_reason=query.get("reason") == "1",
    )
