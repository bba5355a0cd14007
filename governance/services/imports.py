"""Bringing a community's decided proposals over from Snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import members
from dao_portal.core.db.bulk import copy_rows
from dao_portal.core.markdown import TextTooLarge, render_markdown
from dao_portal.core.text import without_hidden

from ..frozen import FrozenRule
from ..models import MAX_TITLE, PowerSnapshot, Proposal
from ..outcome import Rule, to_units
from . import history


@dataclass(frozen=True)
class ImportedVote:
    """One vote; ``voter`` is an address, ``choice`` one of Vote.Choice."""

    voter: str
    choice: str
    power: Decimal
    cast_at: datetime
    reason: str = ""


@dataclass(frozen=True)
class ImportedProposal:
    """One proposal whose voting is over; ``author`` is an address, ``quorum`` absolute power.

    At most one vote a voter, however the address is capitalised.
    """

    source_id: str
    title: str
    text: str
    author: str
    start: datetime
    end: datetime
    quorum: Decimal
    space: str
    votes: Sequence[ImportedVote]


@dataclass(frozen=True)
class ImportReport:
    """What one import did."""

    proposals: list[Proposal]
    already_here: int
    new_members: int

    @property
    def votes(self) -> int:
        return sum(proposal.total_votes for proposal in self.proposals)


@transaction.atomic
def import_proposals(
    *,
    actor: User | None,
    proposals: Iterable[ImportedProposal],
    progress: Callable[[Proposal], None] | None = None,
) -> ImportReport:
    """Write ``proposals`` with all their votes, or nothing; those already here stay as they are.

    What cannot be seen of a title is left out: it could make the title read as something else.

    Oldest first, so that the public numbers follow time. Judged by the rule that Snapshot uses
    (every vote counts toward the quorum, simple majority), with one word of ours: too little
    turnout is "expired" where Snapshot says rejected. Votes cast at or after the end count, as
    published. Locks: one import at a time. Raises WalletClaimed, and TextTooLarge naming the
    proposal.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('import_proposals'))")
    wanted = {proposal.source_id: proposal for proposal in proposals}
    here = set(
        Proposal.objects.filter(
            source=Proposal.Source.SNAPSHOT, source_id__in=list(wanted)
        ).values_list("source_id", flat=True)
    )
    new = [proposal for source_id, proposal in wanted.items() if source_id not in here]
    new.sort(key=lambda proposal: (proposal.start, proposal.source_id))
    owners = members.find_or_create_imported_members(
        wallet_addresses=[address for proposal in new for address in _addresses(proposal)]
    )
    written = []
    for imported in new:
        proposal = _write_proposal(imported, owners.ids, actor)
        written.append(proposal)
        if progress:
            progress(proposal)
    return ImportReport(written, already_here=len(here), new_members=owners.created)


def _addresses(proposal: ImportedProposal) -> list[str]:
    return [proposal.author, *(vote.voter for vote in proposal.votes)]


def _write_proposal(
    imported: ImportedProposal, owners: Mapping[str, UUID], actor: User | None
) -> Proposal:
    title, text = _fit_title(without_hidden(imported.title), imported.text.strip())
    proposal = Proposal(
        source=Proposal.Source.SNAPSHOT,
        source_id=imported.source_id,
        metadata={"space": imported.space} if imported.space else {},
        proposer_id=owners[imported.author.lower()],
        title=title,
        description=text,
        description_html=_render(imported, text),
        voting_start=imported.start,
        voting_end=imported.end,
    )
    proposal.save()
    proposal.refresh_from_db()  # the database gave it a number
    voters = [(owners[vote.voter.lower()], vote) for vote in imported.votes]
    copy_rows(
        PowerSnapshot,
        ["proposal", "user", "own", "power"],
        # Of which parts the power was made, the source does not say.
        ((proposal.pk, member_id, vote.power, vote.power) for member_id, vote in voters),
    )
    votes = (
        history.PastVote(member_id, vote.choice, vote.cast_at, vote.reason)
        for member_id, vote in voters
    )
    rule = FrozenRule(Rule("turnout", to_units(imported.quorum), 1, 2))
    history.write_history(actor=actor, proposal=proposal, rule=rule, votes=votes)
    return proposal


def _render(imported: ImportedProposal, text: str) -> str:
    try:
        return render_markdown(text)
    except TextTooLarge as refusal:
        words = {"id": imported.source_id, "refusal": refusal}
        raise TextTooLarge(_("Proposal %(id)s: %(refusal)s") % words) from refusal


def _fit_title(title: str, text: str) -> tuple[str, str]:
    """Snapshot's titles may be longer than ours: then the whole one heads the text."""
    if len(title) <= MAX_TITLE:
        return title, text
    return f"{title[: MAX_TITLE - 1]}…", f"# {title}\n\n{text}"
