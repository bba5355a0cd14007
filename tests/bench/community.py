"""The data that the pages are measured on: the same each time, made in a few seconds."""

import random
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection

from accounts.models import User
from dao_portal.core.actions import Action
from dao_portal.core.db.base import new_keys
from dao_portal.core.db.bulk import copy_rows
from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from governance.canonical import reason_hash
from governance.models import Proposal, Vote
from governance.selectors.tallies import etag_of
from social.models import Comment, CommentReaction, Notification
from social.services.comments import set_reaction
from tests.factories import (
    TransactionFactory,
    UserFactory,
    cast,
    comment_on,
    grow_discussion,
    open_proposal_with,
    voters_of,
)
from treasury.models import Token, UserToken

AUTHORS = 40
LISTED = 24
HALF_AN_HOUR = timedelta(minutes=30)
VOTERS = 3_000
SPARE = 1_000  # have power and have not voted yet: enough for half as many rounds
SAYINGS = (
    "I am for it, if the **second half** is only paid once the first report is out.",
    "Where does the figure in the third paragraph come from? The report of March says otherwise.",
    """Two things:

- the term is too short for what is promised
- nobody is responsible by name

I would vote For with both of them settled.""",
    "> nobody is responsible\n\nIt is in the [annex](https://example.org/annex), on page two.",
    "Agreed.",
    """We tried this two years ago with half of the sum. What was missing then was not money but
somebody to answer the questions of those who came new; that is what I would pay for first.""",
)


@dataclass(frozen=True)
class Community:
    """``quiet``, ``few``, ``busy`` and ``endless`` are proposals by how much is said there."""

    ada: User
    spare: list[User]
    quiet: Proposal
    few: Proposal
    busy: Proposal
    endless: Proposal
    voted: Proposal

    @property
    def liked(self) -> Comment:
        return self.few.comments.earliest("pk")

    @property
    def state(self) -> str:
        """What an open page of ``voted`` knows of its results when nothing has changed."""
        return etag_of(self.voted.number) or ""


def make_community() -> Community:
    """All of it, through the services wherever something is decided."""
    set_option("social.comments_per_5_minutes", "1000000", actor=None)
    set_option("social.reactions_per_5_minutes", "1000000", actor=None)
    clear_option_cache()
    ada = UserFactory(username="ada", first_name="Ada", last_name="Okafor")
    authors = [
        UserFactory(username=f"author{n}", first_name="Mira", last_name=f"Castellanos {n}")
        for n in range(AUTHORS)
    ]
    listed = [open_proposal_with({ada: 7, authors[0]: 5}, proposer=ada) for _ in range(LISTED)]
    for proposal in listed:
        cast(proposal, authors[0], "yes", "Because it is time.")
    quiet, few, busy, endless = listed[-4:]
    discuss(few, authors, threads=4, comments=11)
    discuss(busy, authors, threads=20, comments=200)  # just one page of threads
    grow_discussion(endless, under=comment_on(endless, SAYINGS[0]), answers=9_999)
    voted = proposal_with_votes(ada)
    for author in authors:
        TransactionFactory(user=author)
        Notification.objects.create(user=ada, type=Action.PROPOSAL_CLOSED, title="It is decided")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    spare = voters_of(voted)[-SPARE:]
    return Community(ada, spare, quiet, few, busy, endless, voted)


def discuss(proposal: Proposal, authors: list[User], *, threads: int, comments: int) -> None:
    """Threads that branch as people talk: mostly answers to what was said last, some deep."""
    dice = random.Random(comments)
    said: list[Comment] = []
    for number in range(comments):
        parent = None if number < threads else dice.choice(said[-3 * threads :])
        author = dice.choice(authors)
        said.append(comment_on(proposal, dice.choice(SAYINGS), author=author, parent=parent))
    for comment in said[::3]:
        set_reaction(actor=authors[0], comment=comment, kind=CommentReaction.Kind.LIKE)
    for age, comment in enumerate(reversed(said)):  # or all of them would be said "just now"
        Comment.objects.filter(proposal=proposal, pk=comment.pk).update(
            created_at=comment.created_at - age * HALF_AN_HOUR
        )


def proposal_with_votes(ada: User) -> Proposal:
    """Open, with the votes of VOTERS members, and power of SPARE others who may still vote."""
    token = Token.objects.get(symbol="DPT")
    members = new_keys(VOTERS + SPARE)
    copy_rows(
        User,
        ("id", "username", "password"),
        [(member, f"voter{n}", "!") for n, member in enumerate(members)],
    )
    copy_rows(
        UserToken,
        ("user", "token", "balance", "voting_power"),
        [(member, token.pk, n, n) for n, member in enumerate(members, start=1)],
    )
    proposal = open_proposal_with({ada: 7})
    copy_rows(
        Vote,
        ("proposal", "voter", "vote_type", "reason_sha256"),
        [
            (proposal.pk, member, Vote.Choice.values[n % 3], reason_hash(""))
            for n, member in enumerate(members[:VOTERS])
        ],
    )
    return proposal
