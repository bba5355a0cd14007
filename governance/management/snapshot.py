"""Reads what Snapshot's hub exports: each field exactly as it is written, or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dao_portal.core.markdown import TextTooLarge, render_markdown
from dao_portal.core.text import hidden_in, without_hidden

from ..models import MAX_TEXT, Vote
from ..services import imports
from .json_records import JsonText, Number, Record, shown

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
    """One proposal record on its way: ``choices`` in the order of the numbers in its votes."""

    record: Record
    choices: list[Vote.Choice]
    problem: str
    votes: dict[str, tuple[Record, imports.ImportedVote]] = field(default_factory=dict)


def read_export(proposals: Path, votes: Path, *, now: datetime) -> Export:
    """Both files; BrokenFile, with the line, for the first thing that is not as it should be.

    Skipped are proposals whose choices are not For, Against and Abstain, and those whose voting
    is not over at ``now``. Of two votes of one voter the later counts, as on Snapshot.
    """
    polls = _read_polls(JsonText.load(proposals), now)
    text = JsonText.load(votes)
    replaced = sum(_add_vote(polls, record) for record in text.records("votes"))
    taken = [poll for poll in polls.values() if not poll.problem]
    export = Export(
        proposals=[_read_proposal(poll) for poll in taken],
        skipped=[
            f"line {poll.record.line}: {shown(poll.record.field('title'))}: {poll.problem}"
            for poll in polls.values()
            if poll.problem
        ],
        notes=[
            note
            for poll in taken
            for note in (_missing_votes(poll, text.name), _hidden_in_title(poll))
            if note
        ],
    )
    if replaced:
        export.notes.append(f"{text.name}: {replaced} votes stand there twice; the later counted.")
    return export


def _read_polls(text: JsonText, now: datetime) -> dict[str, _Poll]:
    polls: dict[str, _Poll] = {}
    for record in text.records("proposals"):
        source_id = record.text("id")
        if len(source_id) > MAX_ID:
            raise record.broken(f"longer than {MAX_ID} characters.", "id")
        twin = polls.get(source_id)
        if twin is None:
            choices = _read_choices(record)
            polls[source_id] = _Poll(record, choices, _why_not(record, choices, now))
        elif twin.record.value != record.value:
            raise record.broken(f"the same as in line {twin.record.line}.", "id")
    return polls


def _read_choices(record: Record) -> list[Vote.Choice]:
    """The choices in the proposal's own order; empty when they are others than our three."""
    names = record.field("choices")
    if not isinstance(names, list) or not all(type(name) is str for name in names):
        raise record.broken(f"expected a list of words, not {shown(names)}.", "choices")
    words = [name.strip().casefold() for name in names]
    return [CHOICES[word] for word in words] if sorted(words) == sorted(CHOICES) else []


def _why_not(record: Record, choices: list[Vote.Choice], now: datetime) -> str:
    """Why this proposal cannot be brought over; "" when it can."""
    kind = record.text("type", required=False)
    if kind not in ONE_CHOICE_TYPES:
        return f"its voters did more than choose one of three (type {kind})"
    if not choices:
        return f"its choices are not For, Against, Abstain: {shown(record.field('choices'))}"
    start, end = record.moment("start"), record.moment("end")
    if end <= start:
        raise record.broken("not after the start.", "end")
    if end > now or record.text("state", required=False) not in ("", "closed"):
        return "its voting is not over"
    return ""


def _add_vote(polls: dict[str, _Poll], record: Record) -> bool:
    """Put the vote where it belongs; True when the voter had one there already."""
    proposal = record.field("proposal")
    source_id = proposal.get("id") if isinstance(proposal, dict) else None
    if type(source_id) is not str:
        raise record.broken('expected {"id": "..."}.', "proposal")
    if source_id not in polls:
        raise record.broken(f"{shown(source_id)} is not among the proposals.", "proposal")
    poll = polls[source_id]
    if poll.problem:
        return False
    vote = _read_vote(record, poll.choices)
    voter = vote.voter.lower()
    earlier = poll.votes.get(voter)
    if earlier is None or earlier[1].cast_at < vote.cast_at:
        poll.votes[voter] = (record, vote)
    elif earlier[1] != vote and earlier[1].cast_at == vote.cast_at:
        raise record.broken(
            f"{vote.voter} voted otherwise in line {earlier[0].line}, in the same second."
        )
    return earlier is not None


def _read_vote(record: Record, choices: list[Vote.Choice]) -> imports.ImportedVote:
    voter, number = record.address("voter"), record.whole("choice")
    if not 1 <= number <= len(choices):
        raise record.broken(f"{number} is none of 1 to {len(choices)}.", "choice")
    return imports.ImportedVote(
        voter=voter,
        choice=choices[number - 1],
        power=record.amount("vp"),
        cast_at=record.moment("created"),
        reason=record.text("reason", required=False).strip(),
    )


def _read_proposal(poll: _Poll) -> imports.ImportedProposal:
    record = poll.record
    return imports.ImportedProposal(
        source_id=record.text("id"),
        title=_title(record),
        text=_read_body(record),
        author=record.address("author"),
        start=record.moment("start"),
        end=record.moment("end"),
        quorum=record.amount("quorum"),
        space=_space(record),
        votes=[vote for _record, vote in poll.votes.values()],
    )


def _read_body(record: Record) -> str:
    """The text, which the portal has to be able to show."""
    body = record.text("body", required=False)
    if len(body) > MAX_TEXT:
        raise record.broken(f"longer than {MAX_TEXT:,} characters.", "body")
    try:
        render_markdown(body.strip())
    except TextTooLarge as refusal:
        raise record.broken(str(refusal), "body") from refusal
    return body


def _title(record: Record) -> str:
    """The title as it is written, of which something can be seen."""
    title = record.text("title")
    if not without_hidden(title):
        raise record.broken("nothing in it can be seen.", "title")
    return title


def _space(record: Record) -> str:
    """The community's name at Snapshot, where the export has it."""
    space = record.field("space")
    name = space.get("id") if isinstance(space, dict) else None
    return name if type(name) is str else ""


def _missing_votes(poll: _Poll, votes_name: str) -> str:
    """Snapshot counts the votes itself: an export that stopped half-way is noticed here."""
    told, read = poll.record.field("votes"), len(poll.votes)
    if not isinstance(told, Number) or told == str(read):
        return ""
    return f"line {poll.record.line}: {told} votes, and {votes_name} holds {read} of them"


def _hidden_in_title(poll: _Poll) -> str:
    """Characters that could make a title read as something else do not come along."""
    hidden = hidden_in(poll.record.text("title"))
    if not hidden:
        return ""
    codes = ", ".join(f"U+{ord(character):04X}" for character in dict.fromkeys(hidden))
    return f"line {poll.record.line}: the title is taken without {codes}, which cannot be seen"
