"""Reads what Snapshot's hub exports: each field exactly as it is written, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dao_portal.core.markdown import TextTooLarge, render_markdown
from dao_portal.core.text import hidden_in, without_hidden

from ..models import MAX_TEXT, Vote
from ..services import imports
from .json_objects import JsonObject, Number, read_objects, shown

CHOICES = {
    "for": Vote.Choice.YES,
    "against": Vote.Choice.NO,
    "abstain": Vote.Choice.ABSTAIN,
}
ONE_CHOICE_TYPES = ("", "basic", "single-choice")
MAX_ID = 128


@dataclass(frozen=True)
class Export:
    """What the two files hold.

    ``skipped`` and ``notes`` are lines for the operator: proposals that cannot be brought over,
    and what is odd about those that can.
    """

    proposals: list[imports.ImportedProposal]
    skipped: list[str]
    notes: list[str]


@dataclass
class _Poll:
    """One proposal row on its way: ``choices`` in the order of the numbers in its votes."""

    row: JsonObject
    choices: list[Vote.Choice]
    problem: str
    votes: dict[str, tuple[JsonObject, imports.ImportedVote]] = field(default_factory=dict)


def read_export(proposals: Path, votes: Path, *, now: datetime) -> Export:
    """Both files; BrokenFile names the first vote or proposal that is not as it should be.

    Skipped are proposals whose choices are not For, Against and Abstain, and those whose voting
    is not over at ``now``. Of two votes of one voter the later counts, as on Snapshot.
    """
    polls = _read_polls(read_objects(proposals, "proposals"), now)
    replaced = sum(_add_vote(polls, row) for row in read_objects(votes, "votes"))
    taken = [poll for poll in polls.values() if not poll.problem]
    export = Export(
        proposals=[_read_proposal(poll) for poll in taken],
        skipped=[
            f"{poll.row.place}: {shown(poll.row.field('title'))}: {poll.problem}"
            for poll in polls.values()
            if poll.problem
        ],
        notes=[
            note
            for poll in taken
            for note in (_missing_votes(poll, votes.name), _hidden_in_title(poll))
            if note
        ],
    )
    if replaced:
        export.notes.append(f"{votes.name}: {replaced} votes stand there twice; the later counted.")
    return export


def _read_polls(rows: list[JsonObject], now: datetime) -> dict[str, _Poll]:
    polls: dict[str, _Poll] = {}
    for row in rows:
        source_id = row.text("id")
        if len(source_id) > MAX_ID:
            raise row.broken(f"longer than {MAX_ID} characters.", "id")
        twin = polls.get(source_id)
        if twin is None:
            choices = _read_choices(row)
            polls[source_id] = _Poll(row, choices, _why_not(row, choices, now))
        elif twin.row.value != row.value:
            raise row.broken(f"the same as in {twin.row.place}.", "id")
    return polls


def _read_choices(row: JsonObject) -> list[Vote.Choice]:
    """The choices in the proposal's own order; empty when they are others than our three."""
    names = row.field("choices")
    if not isinstance(names, list) or not all(type(name) is str for name in names):
        raise row.broken(f"expected a list of words, not {shown(names)}.", "choices")
    words = [name.strip().casefold() for name in names]
    return [CHOICES[word] for word in words] if sorted(words) == sorted(CHOICES) else []


def _why_not(row: JsonObject, choices: list[Vote.Choice], now: datetime) -> str:
    """Why this proposal cannot be brought over; "" when it can."""
    kind = row.text("type", required=False)
    if kind not in ONE_CHOICE_TYPES:
        return f"its voters did more than choose one of three (type {kind})"
    if not choices:
        return f"its choices are not For, Against, Abstain: {shown(row.field('choices'))}"
    start, end = row.moment("start"), row.moment("end")
    if end <= start:
        raise row.broken("not after the start.", "end")
    if end > now or row.text("state", required=False) not in ("", "closed"):
        return "its voting is not over"
    return ""


def _add_vote(polls: dict[str, _Poll], row: JsonObject) -> bool:
    """Put the vote where it belongs; True when the voter had one there already."""
    proposal = row.field("proposal")
    source_id = proposal.get("id") if isinstance(proposal, dict) else None
    if type(source_id) is not str:
        raise row.broken('expected {"id": "..."}.', "proposal")
    if source_id not in polls:
        raise row.broken(f"{shown(source_id)} is not among the proposals.", "proposal")
    poll = polls[source_id]
    if poll.problem:
        return False
    vote = _read_vote(row, poll.choices)
    voter = vote.voter.lower()
    earlier = poll.votes.get(voter)
    if earlier is None or earlier[1].cast_at < vote.cast_at:
        poll.votes[voter] = (row, vote)
    elif earlier[1] != vote and earlier[1].cast_at == vote.cast_at:
        raise row.broken(f"{vote.voter} voted otherwise in {earlier[0].place}, in the same second.")
    return earlier is not None


def _read_vote(row: JsonObject, choices: list[Vote.Choice]) -> imports.ImportedVote:
    voter, number = row.address("voter"), row.whole("choice")
    if not 1 <= number <= len(choices):
        raise row.broken(f"{number} is none of 1 to {len(choices)}.", "choice")
    return imports.ImportedVote(
        voter=voter,
        choice=choices[number - 1],
        power=row.amount("vp"),
        cast_at=row.moment("created"),
        reason=row.text("reason", required=False).strip(),
    )


def _read_proposal(poll: _Poll) -> imports.ImportedProposal:
    row = poll.row
    return imports.ImportedProposal(
        source_id=row.text("id"),
        title=_title(row),
        text=_read_body(row),
        author=row.address("author"),
        start=row.moment("start"),
        end=row.moment("end"),
        quorum=row.amount("quorum"),
        space=_space(row),
        votes=[vote for _row, vote in poll.votes.values()],
    )


def _read_body(row: JsonObject) -> str:
    """The text, which the portal has to be able to show."""
    body = row.text("body", required=False)
    if len(body) > MAX_TEXT:
        raise row.broken(f"longer than {MAX_TEXT:,} characters.", "body")
    try:
        render_markdown(body.strip())
    except TextTooLarge as refusal:
        raise row.broken(str(refusal), "body") from refusal
    return body


def _title(row: JsonObject) -> str:
    """The title as it is written, of which something can be seen."""
    title = row.text("title")
    if not without_hidden(title):
        raise row.broken("nothing in it can be seen.", "title")
    return title


def _space(row: JsonObject) -> str:
    """The community's name at Snapshot, where the export has it."""
    space = row.field("space")
    name = space.get("id") if isinstance(space, dict) else None
    return name if type(name) is str else ""


def _missing_votes(poll: _Poll, votes_name: str) -> str:
    """Snapshot counts the votes itself: an export that stopped half-way is noticed here."""
    told, read = poll.row.field("votes"), len(poll.votes)
    if not isinstance(told, Number) or told == str(read):
        return ""
    return f"{poll.row.place}: {told} votes, and {votes_name} holds {read} of them"


def _hidden_in_title(poll: _Poll) -> str:
    """Characters that could make a title read as something else do not come along."""
    hidden = hidden_in(poll.row.text("title"))
    if not hidden:
        return ""
    codes = ", ".join(f"U+{ord(character):04X}" for character in dict.fromkeys(hidden))
    return f"{poll.row.place}: the title is taken without {codes}, which cannot be seen"
