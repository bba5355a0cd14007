"""Many at once, each with a connection of its own: likes, answers and the brake stay exact."""

import pytest
from django.db.models import Sum

from dao_portal.core.brakes import TooOften
from dao_portal.core.models import AuditLog
from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from social.models import Comment, CommentReaction
from social.services.comments import set_reaction
from tests.factories import ProposalFactory, UserFactory, comment_on
from tests.social.comments import counts
from tests.threads import all_at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.stress]

MANY = 50
LIKE, DISLIKE = CommentReaction.Kind.LIKE, CommentReaction.Kind.DISLIKE


@pytest.fixture
def comment() -> Comment:
    return comment_on(ProposalFactory(upcoming=True))


def test_fifty_likes_of_one_member_at_once_count_once(comment):
    ada = UserFactory()

    results = all_at_once([lambda: set_reaction(actor=ada, comment=comment, kind=LIKE)] * MANY)

    assert [result for result in results if isinstance(result, Exception)] == []
    assert counts(comment) == (1, 0)
    assert CommentReaction.objects.filter(user=ada).count() == 1


def test_fifty_members_who_like_at_once_are_all_counted(comment):
    members = [UserFactory() for _ in range(MANY)]

    results = all_at_once(
        [
            lambda member=member: set_reaction(actor=member, comment=comment, kind=LIKE)
            for member in members
        ]
    )

    assert [result for result in results if isinstance(result, Exception)] == []
    assert counts(comment) == (MANY, 0)


def test_counters_follow_when_members_change_their_minds_at_once(comment):
    members = [UserFactory() for _ in range(5)]
    kinds = [LIKE, DISLIKE, None, LIKE, DISLIKE, LIKE, None, DISLIKE]

    results = all_at_once(
        [
            lambda member=member, kind=kind: set_reaction(actor=member, comment=comment, kind=kind)
            for member in members
            for kind in kinds
        ]
    )

    assert [result for result in results if isinstance(result, Exception)] == []
    likes, dislikes = counts(comment)
    kinds_now = CommentReaction.objects.filter(comment=comment)
    assert likes + dislikes == kinds_now.count() <= len(members)
    assert likes - dislikes == (kinds_now.aggregate(sum=Sum("kind"))["sum"] or 0)


def test_brake_lets_no_more_through_when_all_come_at_once(comment):
    set_option("social.comments_per_5_minutes", "5", actor=None)
    clear_option_cache()
    ada = UserFactory()

    results = all_at_once([lambda: comment_on(comment.proposal, author=ada, parent=comment)] * 20)

    refusals = [result for result in results if isinstance(result, Exception)]
    assert [type(refusal) for refusal in refusals] == [TooOften] * 15
    assert Comment.objects.filter(user=ada, parent=comment).count() == 5
    assert AuditLog.objects.filter(user=ada, action="comment.posted").count() == 5
