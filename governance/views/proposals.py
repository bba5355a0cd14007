"""Reading proposals: the list, one proposal, its live results."""

from dataclasses import asdict

from django.core.cache import cache
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from dao_portal.core.web.htmx import HtmxRequest, render_page

from ..models import Proposal
from ..proposal_types import PROPOSAL_TYPES
from ..rules import current_rules
from ..selectors import (
    proposal_detail,
    proposal_list,
    publishing_checks,
    tallies,
    vote_card,
    voting_help,
)

ETAG_SECONDS = 3


@require_safe
def show_proposal_list(request: HtmxRequest) -> HttpResponse:
    """Proposals by status, words and order."""
    listed = proposal_list.proposal_list(
        request.user, _filters(request.GET), page=request.GET.get("page")
    )
    context = {"list": listed, "filters": listed.filters, "sorts": proposal_list.SORTS}
    return render_page(request, "governance/proposal_list.html", context, partials=("list",))


def _filters(query: QueryDict) -> proposal_list.ProposalFilters:
    def known(name: str, values: object) -> str:
        value = query.get(name, "")
        return value if value in values else ""  # type: ignore[operator]

    return proposal_list.ProposalFilters(
        status=known("status", proposal_list.STATUS_FILTERS),
        type=known("type", PROPOSAL_TYPES),
        words=query.get("q", "").strip(),
        sort=known("sort", proposal_list.SORTS),
        mine=known("mine", (proposal_list.UNVOTED,)),
    )


@require_safe
def show_proposal_detail(request: HtmxRequest, number: int) -> HttpResponse:
    """One proposal: its text, the vote, how it stands and why."""
    proposal = get_object_or_404(
        Proposal.objects.visible_to(request.user).select_related("proposer__profile", "token"),
        number=number,
    )
    context = detail_context(request, proposal)
    draft = proposal.status == Proposal.Status.DRAFT
    return render_page(
        request,
        "governance/proposal_detail.html",
        context,
        partials=() if draft else ("vote", "results"),  # a draft has neither
    )


def detail_context(
    request: HtmxRequest, proposal: Proposal, card: vote_card.VoteCard | None = None
) -> dict[str, object]:
    """What proposal_detail.html shows; ``card`` is the viewer's own unless it is given."""
    context: dict[str, object] = {
        "proposal": proposal,
        "detail": proposal_detail.proposal_detail(proposal),
    }
    if proposal.status == Proposal.Status.DRAFT:
        checks = publishing_checks.publishing_checks(proposal, proposal.proposer, current_rules())
        return context | {"checks": checks}
    changing = request.GET.get("change") == "1"
    card = card or vote_card.vote_card(proposal, request.user, changing=changing)
    return context | {"card": card, "is_author": proposal.proposer_id == request.user.pk}


@require_safe
def show_proposal_results(request: HtmxRequest, number: int) -> HttpResponse:
    """How it stands, for a page that polls: 204 as long as nothing happened.

    Thousands of pages ask at once, so that answer comes from the cache (one query in three
    seconds) and knows no session and no member: the figures are public. When the proposal has
    moved on, to counting or to its result, the whole page is out of date and is told to reload.
    """
    seen, etag = request.GET.get("v", ""), _current_etag(number)
    if seen == etag:
        return HttpResponse(status=204)
    proposal = get_object_or_404(
        Proposal.objects.published().defer(*Proposal.BODIES), number=number
    )
    context = {"proposal": proposal, "detail": proposal_detail.proposal_detail(proposal)}
    response = render(request, "governance/proposal_detail.html#results", context)
    if seen and seen.partition("-")[2] != etag.partition("-")[2]:
        response["HX-Refresh"] = "true"
    return response


def _current_etag(number: int) -> str:
    key = f"tally:{number}"
    etag: str | None = cache.get(key)
    if etag is None:
        etag = tallies.etag_of(number)
        if etag is None:
            raise Http404
        cache.set(key, etag, ETAG_SECONDS)
    return etag


@require_safe
def show_voting_help(request: HtmxRequest) -> HttpResponse:
    """How power and outcomes are counted, in plain words, with the community's own rule."""
    return render_page(request, "governance/voting_help.html", asdict(voting_help.voting_help()))
