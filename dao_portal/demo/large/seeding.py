"""Brings the large community up to the numbers that were asked for, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection
from django.utils.translation import gettext as _

from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.errors import DomainError
from governance.rules import current_rules

from ..seeding import Seeded, seed_demo
from .comments import add_comments, count_comments
from .members import MAX_MEMBERS, add_members, count_members
from .proposals import add_open_votes, add_proposals, count_proposals, count_votes, plan_votes

# stage, how many of it are here, how many were asked for
Progress = Callable[[str, int, int], None]


class CannotSeed(DomainError):
    """Numbers that do not go together."""


@dataclass(frozen=True)
class CommunitySize:
    """How many there are to be of each beside the demo's own; 0 asks for none."""

    members: int = 0
    proposals: int = 0
    comments: int = 0
    votes: int = 0


def seed_large(wanted: CommunitySize, *, progress: Progress) -> Seeded:
    """Fill the demo, then bring the large community beside it up to ``wanted``.

    What is here stays, also where it is more. Each chunk is a transaction of its own, so a run
    that was broken off is finished by the next. One at a time: a second one waits. The months'
    partitions, ANALYZE and whoever has to be told of an opening are part of it.
    Raises CannotSeed and NotTheDemo before anything is written.
    """
    with _one_at_a_time():
        _require_possible(wanted)
        seeded = seed_demo()
        rules = current_rules()
        if rules.token is None:
            raise CannotSeed(_("The community has no governance token."))
        members = _Stage(_("members"), count_members(), wanted.members, progress)
        add_members(token=rules.token, total=wanted.members, progress=members.add)
        _add_proposals_and_votes(wanted, progress)
        comments = _Stage(_("comments"), count_comments(), wanted.comments, progress)
        add_comments(members=count_members(), total=wanted.comments, progress=comments.add)
        deliver_due_events()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    return seeded


def _add_proposals_and_votes(wanted: CommunitySize, progress: Progress) -> None:
    """What is decided gets its votes at once; then members vote on what is open."""
    members, rules = count_members(), current_rules()
    parts = plan_votes(members=members, proposals=wanted.proposals, votes=wanted.votes)
    proposals = _Stage(_("proposals"), count_proposals(), wanted.proposals, progress)
    add_proposals(
        parts, rules=rules, members=members, total=wanted.proposals, progress=proposals.add
    )
    votes = _Stage(_("votes"), count_votes(), wanted.votes, progress)
    add_open_votes(parts, progress=votes.add)


@dataclass
class _Stage:
    """Counts what is here of one thing, and says so from the beginning on."""

    name: str
    here: int
    total: int
    progress: Progress

    def __post_init__(self) -> None:
        self.add(0)

    def add(self, more: int) -> None:
        self.here += more
        if self.here < self.total or more:
            self.progress(self.name, self.here, self.total)


def _require_possible(wanted: CommunitySize) -> None:
    members = max(wanted.members, count_members())
    proposals = max(wanted.proposals, count_proposals())
    if wanted.members > MAX_MEMBERS:
        raise CannotSeed(_("At most %(most)s members.") % {"most": f"{MAX_MEMBERS:,}"})
    if proposals and not members:
        raise CannotSeed(_("Proposals need their authors: ask for --members as well."))
    if wanted.comments and not proposals:
        raise CannotSeed(_("Comments need something to talk about: ask for --proposals as well."))
    parts = plan_votes(members=members, proposals=wanted.proposals, votes=wanted.votes)
    room = count_votes() + sum(part.room for part in parts)
    if wanted.votes > room:
        raise CannotSeed(
            _(
                "There is no room for %(votes)s votes, only for %(room)s: each member votes once "
                "on a proposal, nobody on an upcoming one, few on one that expires, and what is "
                "decided stays as it is. Ask for more members or more proposals."
            )
            % {"votes": f"{wanted.votes:,}", "room": f"{room:,}"}
        )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """A lock of the session: the transactions within come and go."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('seed_large'))")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('seed_large'))")
