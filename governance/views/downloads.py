"""The files from which anybody counts a vote again. docs/governance.md says how, and binds them."""

import csv
from collections.abc import Iterator

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from dao_portal.core.web.bare import bare_page
from dao_portal.core.web.http import TooManyLongFiles, in_turn

from ..canonical import canonical_amount, canonical_json, canonical_time
from ..models import Proposal
from ..selectors import proposal_files

CSV_COLUMNS = (
    *("voter", "name", "choice", "power", "cast_at"),
    *("reason", "reason_sha256", "receipt"),
)
MARK = "\N{BYTE ORDER MARK}"  # without it a spreadsheet takes UTF-8 for something else
# What a spreadsheet may take for a formula; and the apostrophe, so that one is always ours.
GUARDED_STARTS = (
    *("'", "=", "+", "-", "@"),
    "\N{FULLWIDTH EQUALS SIGN}",
    "\N{FULLWIDTH PLUS SIGN}",
    "\N{FULLWIDTH HYPHEN-MINUS}",
    "\N{FULLWIDTH COMMERCIAL AT}",
)


@require_safe
def votes_csv(request: HttpRequest, number: int) -> HttpResponse | StreamingHttpResponse:
    """Every vote as RFC 4180, also while voting is open; before that the header only.

    503 while as many files are being read as may be at a time.
    """
    proposal = get_object_or_404(
        Proposal.objects.published().defer(*Proposal.BODIES), number=number
    )
    try:
        lines = in_turn(_csv_lines(proposal))
    except TooManyLongFiles:
        return HttpResponse(bare_page(503), status=503, headers={"Retry-After": "5"})
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers=_as_file(f"proposal-{number}-votes.csv"),
    )


class _Echo:
    """A file that hands back what is written into it."""

    def write(self, line: str) -> str:
        return line


def _csv_lines(proposal: Proposal) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\r\n")
    yield MARK + writer.writerow(CSV_COLUMNS)
    for vote in proposal_files.published_votes(proposal):
        yield writer.writerow(
            (
                vote.voter_id,
                disarm(vote.voter.username),
                vote.vote_type,
                canonical_amount(vote.voting_power),
                canonical_time(vote.cast_at),
                disarm(vote.reason),
                vote.reason_sha256,
                vote.receipt(proposal.fingerprint),
            )
        )


def disarm(text: str) -> str:
    """``text`` as no spreadsheet takes it for a formula: behind an apostrophe where it could.

    Whoever reads the file takes away one apostrophe from the beginning, where there is one, and
    has the text again: a text that begins with an apostrophe gets another.
    """
    first = text[:1]
    guarded = text.startswith(GUARDED_STARTS) or first.isspace() or not first.isprintable()
    return f"'{text}" if guarded else text


@require_safe
def frozen_json(request: HttpRequest, number: int) -> HttpResponse:
    """The very bytes that the fingerprint is the SHA-256 of; 404 where voting never opened."""
    published = Proposal.objects.published().select_related("token")
    proposal = get_object_or_404(published, number=number)
    if not proposal.opened_at:
        raise Http404
    return HttpResponse(
        canonical_json(proposal_files.fingerprinted(proposal)),
        content_type="application/json",
        headers=_as_file(f"proposal-{number}-frozen.json"),
    )


@require_safe
def source_markdown(request: HttpRequest, number: int) -> HttpResponse:
    """The text as its author wrote it, byte by byte as the fingerprint covers it."""
    proposal = get_object_or_404(Proposal.objects.published(), number=number)
    return HttpResponse(
        proposal.description.encode(),
        content_type="text/markdown; charset=utf-8",
        headers=_as_file(f"proposal-{number}.md"),
    )


def _as_file(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
