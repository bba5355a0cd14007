"""Proposals of every kind, whose votes pass the same guards and the same counting as any other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts.models import User
from dao_portal.core.db.base import database_now
from dao_portal.core.db.bulk import copy_rows
from dao_portal.core.markdown import render_markdown
from governance.canonical import reason_hash
from governance.models import PowerSnapshot, Proposal, ProposalQuerySet, Vote
from governance.rules import Rules
from governance.services import history, opening

from ..people import PEOPLE
from .members import NAMES, username
from .texts import COSTS, PLANS, REASONS, SUMMARIES, TERMS, THINGS, VERBS

MARK = "load-"  # how source_id begins
CHUNK = 5_000  # votes in one transaction
GROUP = 50  # members who joined one after the other are counted together: their rows lie together
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Kind:
    """What becomes of a proposal. For each vote the power of ``counted`` members is counted.

    ``weight``: its share of the votes beside the others'. ``strong``: what the half with more power
    says, in turn; the others say what they like.
    """

    counted: float
    weight: int
    strong: tuple[str, ...] = ()


PASSED = Kind(counted=1.1, weight=10, strong=("yes", "yes", "yes", "no"))
REJECTED = Kind(counted=1.1, weight=10, strong=("no", "no", "no", "yes"))
EXPIRED = Kind(counted=6, weight=3)  # those with least power vote: a sixth of it at most
OPEN = Kind(counted=1.25, weight=10)
UPCOMING = Kind(counted=0, weight=0)

# In turn; each opening of what is upcoming will count everybody, so there are few of those.
DECIDED = (
    *(PASSED, PASSED, REJECTED, PASSED, EXPIRED, PASSED, PASSED, REJECTED, PASSED, PASSED),
    *(PASSED, REJECTED, PASSED, EXPIRED, PASSED, REJECTED, PASSED, EXPIRED, PASSED, REJECTED),
)
MAX_UPCOMING = 3


@dataclass
class Part:
    """Votes for one proposal: number ``number``, which is here already or will be written.

    ``for_everybody``: by a real opening, which counts every member; one open vote is.
    """

    number: int
    kind: Kind
    room: int
    weight: int
    votes: int = 0
    proposal: Proposal | None = None
    for_everybody: bool = False


def kind_of(number: int, *, total: int) -> Kind:
    """The last ones are upcoming, those before them open, all others decided."""
    upcoming = min(MAX_UPCOMING, total // 5)
    if number > total - upcoming:
        return UPCOMING
    if number > total - upcoming - max(1, total // 25):
        return OPEN
    return DECIDED[number % len(DECIDED)]


def load_proposals() -> ProposalQuerySet:
    """The proposals of the large community, in the order in which they were written."""
    return Proposal.objects.filter(source_id__startswith=MARK).order_by("source_id")


def count_proposals() -> int:
    last = load_proposals().last()
    return int(last.source_id.removeprefix(MARK)) if last else 0


def count_votes() -> int:
    return Vote.objects.filter(proposal__in=load_proposals()).count()


def plan_votes(*, members: int, proposals: int, votes: int) -> list[Part]:
    """Spread as many votes as are missing over what is open and what will be written.

    Fewer than are missing when there is no room for more.
    """
    here = count_proposals()
    parts = [
        *_open_parts(),
        *(_new_part(number, members, proposals) for number in range(here + 1, proposals + 1)),
    ]
    crowd = _crowd(parts, members)
    if crowd:  # more come to it than to the others
        crowd.for_everybody = True
        crowd.weight *= 2 + len(parts) // 20
    _spread(parts, max(votes - count_votes(), 0))
    return parts


def _crowd(parts: Iterable[Part], members: int) -> Part | None:
    """The open vote on which everybody is counted, or the first one that can be."""
    for part in parts:
        if part.kind is not OPEN:
            continue
        if not part.proposal or part.proposal.snapshots.count() >= members + len(PEOPLE):
            return part
    return None


def _open_parts() -> list[Part]:
    """What is open for an hour at least, with room for those who have not voted yet."""
    still_open = load_proposals().open().filter(voting_end__gt=database_now() + HOUR)
    return [
        Part(_number(proposal), OPEN, silent_voters(proposal).count(), OPEN.weight, 0, proposal)
        for proposal in still_open
    ]


def _number(proposal: Proposal) -> int:
    return int(proposal.source_id.removeprefix(MARK))


def _new_part(number: int, members: int, total: int) -> Part:
    kind = kind_of(number, total=total)
    room = members // 6 if kind is EXPIRED else members if kind.weight else 0
    return Part(number, kind, room, kind.weight * chance(number, "weight").choice((1, 1, 2, 3)))


def _spread(parts: Sequence[Part], votes: int) -> None:
    """By weight, and to the last vote as long as there is room."""
    weight = sum(part.weight for part in parts)
    room = sum(part.room for part in parts)
    for part in parts:
        weight_after, room_after = weight - part.weight, room - part.room
        fair = votes * part.weight // weight if weight else 0
        part.votes = min(part.room, max(fair, votes - room_after))
        votes, weight, room = votes - part.votes, weight_after, room_after


def chance(number: int, word: str) -> random.Random:
    """The same luck in every database."""
    return random.Random(f"{word} {number}")  # noqa: S311  (a demo, no secret)


# --- proposals ----------------------------------------------------------------------------------


def add_proposals(
    parts: Iterable[Part],
    *,
    rules: Rules,
    members: int,
    total: int,
    progress: Callable[[int], None],
) -> None:
    """Write those of ``parts`` that are new, one transaction each; the decided with their votes."""
    for part in parts:
        if part.proposal:
            continue
        with transaction.atomic():
            part.proposal = _write(part, rules=rules, members=members, total=total)
        progress(1)


def _write(part: Part, *, rules: Rules, members: int, total: int) -> Proposal:
    now = database_now()
    if part.kind is UPCOMING:
        start = now + 3 * DAY + chance(part.number, "start").randrange(96) * HOUR
        return _save(part, members, now=now, start=start, source=Proposal.Source.PORTAL)
    if part.kind is OPEN:
        return _write_open(part, rules, members, now=now)
    closed_ago = 2 * DAY + 355 * DAY * (total - part.number) / total
    return _write_decided(part, rules, members, now=now, closed_ago=closed_ago)


def _save(
    part: Part,
    members: int,
    *,
    now: datetime,
    start: datetime,
    source: Proposal.Source,
    days: float = 7,
) -> Proposal:
    luck = chance(part.number, "text")
    title = f"{luck.choice(VERBS)} {luck.choice(THINGS)} {luck.choice(TERMS)}"
    text = (
        f"## Summary\n\n{luck.choice(SUMMARIES)}\n\n"
        f"## How it would go\n\n{luck.choice(PLANS)}\n\n"
        f"## What it costs\n\n{luck.choice(COSTS)}\n"
    )
    published = min(start, now) - 3 * DAY
    proposal = Proposal(
        source=source,
        source_id=f"{MARK}{part.number:07d}",
        status=Proposal.Status.ACTIVE
        if source == Proposal.Source.PORTAL
        else Proposal.Status.DRAFT,
        proposer=User.objects.get(username=username(luck.randint(1, members))),
        title=title,
        description=text.strip(),
        description_html=render_markdown(text.strip()),
        created_at=published - DAY,
        published_at=published,
        voting_start=start,
        voting_end=start + days * DAY,
    )
    proposal.save()
    proposal.refresh_from_db()  # the database gave it a number
    return proposal


def _write_open(part: Part, rules: Rules, members: int, *, now: datetime) -> Proposal:
    """Open for more than five days."""
    days = 5.5 + chance(part.number, "days").randrange(70) / 10
    proposal = _save(
        part,
        members,
        now=now,
        start=now - timedelta(minutes=1),
        source=Proposal.Source.PORTAL,
        days=days,
    )
    if part.for_everybody:
        opening.open_proposal(proposal_id=proposal.pk)
        proposal.refresh_from_db()
    else:
        total_power = _count_power(proposal, part, rules, members)
        opening.write_opening(proposal, rules.freeze(total_power))
    return proposal


def _write_decided(
    part: Part, rules: Rules, members: int, *, now: datetime, closed_ago: timedelta
) -> Proposal:
    days = chance(part.number, "days").choice((3, 5, 7, 7, 10))
    start = now - closed_ago - days * DAY
    proposal = _save(part, members, now=now, start=start, source=Proposal.Source.DEMO, days=days)
    rule = rules.freeze(_count_power(proposal, part, rules, members))
    history.write_history(
        actor=None, proposal=proposal, rule=rule, votes=_past_votes(part, proposal)
    )
    return proposal


def _count_power(proposal: Proposal, part: Part, rules: Rules, members: int) -> Decimal:
    assert rules.token
    count = min(members, max(1, round(part.votes * part.kind.counted)))
    groups = range(0, members, GROUP)
    drawn = chance(part.number, "counted").sample(groups, min(len(groups), count // GROUP + 2))
    numbers = [number for first in drawn for number in range(first, min(first + GROUP, members))]
    names = [username(number + 1) for number in numbers[:count]]
    ids = list(User.objects.filter(username__in=names).values_list("pk", flat=True))
    return opening.snapshot_power(proposal, token_id=rules.token.pk, members=ids)


# --- votes --------------------------------------------------------------------------------------


def _past_votes(part: Part, proposal: Proposal) -> list[history.PastVote]:
    """Of whom was counted, the strongest vote; where the quorum is to be missed, the weakest."""
    assert proposal.voting_start
    assert proposal.voting_end
    luck, kind = chance(part.number, "ballots"), part.kind
    window = proposal.voting_end - proposal.voting_start
    order = "power" if kind is EXPIRED else "-power"
    counted = PowerSnapshot.objects.filter(proposal=proposal).order_by(order, "pk")
    return [
        history.PastVote(
            voter_id=voter_id,
            choice=kind.strong[place % len(kind.strong)]
            if kind.strong and place * 2 < part.votes
            else _choice(luck),
            cast_at=proposal.voting_start + window * luck.random(),
            reason=_reason(luck),
        )
        for place, voter_id in enumerate(counted.values_list("user_id", flat=True)[: part.votes])
    ]


def _choice(luck: random.Random) -> str:
    return luck.choices(("yes", "no", "abstain"), (60, 30, 10))[0]


def _reason(luck: random.Random) -> str:
    return luck.choice(REASONS) if luck.random() < 0.08 else ""


def silent_voters(proposal: Proposal) -> QuerySet[PowerSnapshot]:
    """Counted members of the large community who have not voted on ``proposal``."""
    voted = Vote.objects.filter(proposal=proposal).values("voter")
    return PowerSnapshot.objects.filter(proposal=proposal, user__username__regex=NAMES).exclude(
        user__in=voted
    )


def add_open_votes(parts: Iterable[Part], *, progress: Callable[[int], None]) -> None:
    """Let members vote on what is open: a few thousand a transaction."""
    for part in parts:
        if part.kind is not OPEN or not part.votes:
            continue
        assert part.proposal
        luck = chance(part.number, "open")
        voters = list(silent_voters(part.proposal).values_list("user_id", flat=True)[: part.votes])
        for first in range(0, len(voters), CHUNK):
            some = voters[first : first + CHUNK]
            with transaction.atomic():
                _vote(part.proposal, some, luck)
            progress(len(some))


def _vote(proposal: Proposal, voters: Iterable[UUID], luck: random.Random) -> None:
    """As ``cast_vote`` writes them, but many at once and without audit entries."""
    reasons = ((voter, _reason(luck)) for voter in voters)
    copy_rows(
        Vote,
        ["proposal", "voter", "vote_type", "voting_power", "reason", "reason_sha256"],
        (
            (proposal.pk, voter, _choice(luck), 0, reason, reason_hash(reason))
            for voter, reason in reasons
        ),
    )
