"""Valid rows for tests. What a guard of the database demands is made through the services.

Nothing here happens behind one's back: a factory makes its row and the rows that it points to.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import factory
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from dao_portal.core.markdown import render_markdown
from governance.models import Proposal, Vote
from governance.services.closing import close_proposal
from governance.services.opening import open_proposal
from governance.services.votes import cast_vote
from social.models import Comment
from social.services.comments import post_comment
from treasury.models import Token, Transaction, UserToken

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
PASSWORD = "correct horse battery"

Amount = Decimal | int | str


class UserFactory(factory.django.DjangoModelFactory):
    """A member with a verified address and PASSWORD. ``role="moderator"`` for others."""

    class Meta:
        model = User

    username = factory.Sequence("member{}".format)
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    email_verified = True
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:
        return User.objects.create_user(*args, **kwargs)


class TokenFactory(factory.django.DjangoModelFactory):
    """The governance token, the same row each time."""

    class Meta:
        model = Token
        django_get_or_create = ("symbol",)

    symbol = "DPT"
    name = "Portal token"


class HoldingFactory(factory.django.DjangoModelFactory):
    """100 governance tokens of a new member; both weights are 1, so that is also the power."""

    class Meta:
        model = UserToken

    user = factory.SubFactory(UserFactory)
    token = factory.SubFactory(TokenFactory)
    balance = Decimal(100)
    staked_balance = Decimal(0)
    voting_power = factory.LazyAttribute(
        lambda holding: Decimal(holding.balance) + Decimal(holding.staked_balance)
    )


class TransactionFactory(factory.django.DjangoModelFactory):
    """10 DPT that came into the treasury just now."""

    class Meta:
        model = Transaction

    type = Transaction.Type.DEPOSIT
    status = Transaction.Status.CONFIRMED
    amount = Decimal(10)
    currency = "DPT"
    treasury_change = factory.SelfAttribute("amount")
    description = "Weekly fees"
    metadata = factory.LazyFunction(lambda: {"party": "Protocol fees"})


class ProposalFactory(factory.django.DjangoModelFactory):
    """A draft with a window of three days from tomorrow.

    ``upcoming=True``: published. ``due=True``: published, its opening an hour overdue, which is
    what ``open_proposal`` is for. Anything later comes from ``open_proposal_with``.
    """

    class Meta:
        model = Proposal

    class Params:
        upcoming = factory.Trait(
            status=Proposal.Status.ACTIVE,
            published_at=factory.LazyFunction(timezone.now),
        )
        due = factory.Trait(
            status=Proposal.Status.ACTIVE,
            published_at=factory.LazyFunction(lambda: timezone.now() - DAY),
            voting_start=factory.LazyFunction(lambda: timezone.now() - HOUR),
        )

    proposer = factory.SubFactory(UserFactory)
    title = factory.Sequence("Fund the garden, part {}".format)
    description = "Ten raised beds and a **rain barrel**."
    description_html = factory.LazyAttribute(lambda proposal: render_markdown(proposal.description))
    voting_start = factory.LazyFunction(lambda: timezone.now() + DAY)
    voting_end = factory.LazyFunction(lambda: timezone.now() + 4 * DAY)

    @classmethod
    def _after_postgeneration(cls, instance: Proposal, create: bool, results: Any = None) -> None:
        instance.refresh_from_db()  # the database gave it a number


def give_power(user: User, power: Amount) -> UserToken:
    """Let ``user`` hold exactly ``power`` governance tokens."""
    holding, _created = UserToken.objects.update_or_create(
        user=user,
        token=TokenFactory(),
        defaults={"balance": power, "staked_balance": 0, "voting_power": power},
    )
    return holding


def open_proposal_with(
    powers: Mapping[User | str, Amount] | Sequence[Amount], **fields: Any
) -> Proposal:
    """A proposal on which voting is open, with the power of each voter as given.

    ``powers`` maps members, or usernames of new ones, to their power; a list makes the members
    itself. ``voters_of`` gives them in that order. Whoever already holds governance tokens is
    counted as well: opening counts everybody. ``fields`` go to ProposalFactory.
    """
    TokenFactory()
    if not isinstance(powers, Mapping):
        powers = {UserFactory(): power for power in powers}
    for member, power in powers.items():
        user = member if isinstance(member, User) else UserFactory(username=member)
        give_power(user, power)
    proposal = ProposalFactory(due=True, **fields)
    assert open_proposal(proposal_id=proposal.pk)
    proposal.refresh_from_db()
    return proposal


def voters_of(proposal: Proposal) -> list[User]:
    """Those whose power was counted, in the order in which they became members."""
    return list(User.objects.filter(snapshots__proposal=proposal).order_by("pk"))


def cast(proposal: Proposal, voter: User, choice: str, reason: str = "") -> Vote:
    """One vote, the way every door casts it, by somebody who has seen what stands."""
    return cast_vote(
        actor=voter,
        proposal_id=proposal.pk,
        choice=choice,
        reason=reason,
        replaces=receipt_of(proposal, voter),
    )


def receipt_of(proposal: Proposal, voter: User) -> str:
    """The receipt of the vote that stands; "" where there is none."""
    vote = Vote.objects.filter(proposal=proposal, voter=voter).first()
    return vote.receipt(proposal.fingerprint) if vote else ""


def comment_on(
    proposal: Proposal,
    content: str = "I agree.",
    *,
    author: User | None = None,
    parent: Comment | None = None,
) -> Comment:
    """One comment or, with ``parent``, an answer, the way every door posts it."""
    return post_comment(
        actor=author or UserFactory(),
        proposal_id=proposal.pk,
        content=content,
        parent_id=parent.pk if parent else None,
    )


def grow_discussion(
    proposal: Proposal, *, roots: int = 0, under: Comment | None = None, answers: int = 0
) -> list[Comment]:
    """Many comments at once: ``roots`` of their own, or ``answers`` straight below ``under``."""
    author = UserFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO comments
                (id, proposal_id, user_id, parent_id, root_id, path, depth, content, content_html)
            SELECT id, %(proposal)s, %(author)s, %(parent)s, coalesce(%(root)s, id),
                concat(%(before)s, replace(id::text, '-', '')), %(depth)s, 'Well.', '<p>Well.</p>'
            FROM (SELECT uuidv7() AS id FROM generate_series(1, %(number)s)) AS made
            """,
            {
                "proposal": proposal.pk,
                "author": author.pk,
                "parent": under and under.pk,
                "root": under and under.root_id,
                "before": f"{under.path}." if under else "",
                "depth": under.depth + 1 if under else 0,
                "number": answers or roots,
            },
        )
    return list(Comment.objects.filter(proposal=proposal, user=author).order_by("pk"))


@contextmanager
def unguarded() -> Iterator[None]:
    """Triggers and foreign keys off for the length of the block, in this transaction only."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        yield
        cursor.execute("SET LOCAL session_replication_role = origin")


def shift_window(
    proposal: Proposal,
    *,
    start: datetime | timedelta | None = None,
    end: datetime | timedelta | None = None,
) -> Proposal:
    """Move a window that is frozen, in place of waiting; a timedelta counts from now.

    Where only the new end is given and would lie before the start, the start moves as well.
    """
    now = timezone.now()
    start = now + start if isinstance(start, timedelta) else start or proposal.voting_start
    end = now + end if isinstance(end, timedelta) else end or proposal.voting_end
    assert start
    assert end
    with unguarded():
        Proposal.objects.filter(pk=proposal.pk).update(
            voting_start=min(start, end - HOUR), voting_end=end
        )
    proposal.refresh_from_db()
    return proposal


def close_now(proposal: Proposal) -> Proposal:
    """End the voting this very moment and let the closing count it."""
    shift_window(proposal, end=timedelta(0))
    assert close_proposal(proposal_id=proposal.pk)
    proposal.refresh_from_db()
    return proposal


def decided_proposal(status: str = "passed", **fields: Any) -> Proposal:
    """A proposal that 60, 40 and 10 power decided: passed, rejected or expired (nobody voted)."""
    proposal = open_proposal_with([60, 40, 10], **fields)
    choices = {"passed": "yes no yes", "rejected": "no yes abstain", "expired": ""}[status].split()
    for voter, choice in zip(voters_of(proposal)[-3:], choices, strict=False):
        cast(proposal, voter, choice)
    close_now(proposal)
    assert proposal.status == status
    return proposal
