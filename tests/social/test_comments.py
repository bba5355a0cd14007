"""Posting comments and reacting to them: what is stored, what is refused, what is counted."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import F

from dao_portal.core.actions import PUBLIC_ACTIONS, Action
from dao_portal.core.brakes import TooOften
from dao_portal.core.markdown import TextTooLarge
from dao_portal.core.models import AuditLog, Brake
from dao_portal.core.options import clear_option_cache
from dao_portal.core.services.options import set_option
from governance.canonical import canonical_hash
from governance.models import Proposal
from social.errors import (
    CommentEmpty,
    CommentRemoved,
    CommentTooLong,
    DiscussionNotOpen,
    ParentNotFound,
)
from social.models import Comment, CommentReaction
from social.services.comments import post_comment, set_reaction
from tests.explosive import one_long_address
from tests.factories import ProposalFactory, UserFactory, comment_on
from tests.social.comments import counts, remove
from tests.sql import refused, sql

pytestmark = pytest.mark.django_db

LIKE, DISLIKE = CommentReaction.Kind.LIKE, CommentReaction.Kind.DISLIKE


@pytest.fixture
def proposal() -> Proposal:
    return ProposalFactory(upcoming=True)


def stored(comment: Comment) -> Comment:
    return Comment.objects.get(proposal_id=comment.proposal_id, pk=comment.pk)


# --- posting ------------------------------------------------------------------------------------


def test_comment_is_stored_with_its_html_as_the_root_of_a_thread(proposal):
    ada = UserFactory()

    comment = stored(comment_on(proposal, "  I am **for** it.\r\n", author=ada))

    assert comment.user == ada
    assert comment.content == "I am **for** it."
    assert comment.content_html == "<p>I am <strong>for</strong> it.</p>\n"
    assert (comment.parent_id, comment.root_id, comment.depth) == (None, comment.pk, 0)
    assert comment.path == comment.pk.hex


def test_answer_stands_below_what_it_answers(proposal):
    root = comment_on(proposal)
    answer = comment_on(proposal, parent=root)

    deeper = stored(comment_on(proposal, parent=answer))

    assert (deeper.parent_id, deeper.root_id, deeper.depth) == (answer.pk, root.pk, 2)
    assert deeper.path == f"{root.pk.hex}.{answer.pk.hex}.{deeper.pk.hex}"


def test_answers_at_the_greatest_depth_stand_beside_each_other_in_order_of_time(proposal):
    chain = [comment_on(proposal)]
    for _ in range(Comment.MAX_DEPTH + 2):
        chain.append(comment_on(proposal, parent=chain[-1]))

    depths = [comment.depth for comment in chain]
    deepest = chain[Comment.MAX_DEPTH :]

    assert depths == [0, 1, 2, 3, 4, 5, 6, 7, 8, 8, 8]
    assert len({comment.path.rpartition(".")[0] for comment in deepest}) == 1
    assert sorted(deepest, key=lambda comment: comment.path) == deepest
    assert [comment.parent_id for comment in chain[1:]] == [above.pk for above in chain[:-1]]


def test_comment_is_audited_publicly_by_its_hash(proposal):
    ada, root = UserFactory(), comment_on(proposal)

    comment = comment_on(proposal, "Why?", author=ada, parent=root)

    entry = AuditLog.objects.get(user=ada)
    assert (entry.action, entry.resource_type, entry.resource_id) == (
        "comment.posted",
        "comment",
        comment.pk,
    )
    assert entry.old_values is None
    assert entry.new_values == {
        "proposal": str(proposal.pk),
        "parent": str(root.pk),
        "content_sha256": canonical_hash("Why?"),
    }
    assert Action.COMMENT_POSTED in PUBLIC_ACTIONS


def test_comment_is_not_saved_when_it_cannot_be_audited(proposal):
    ada = UserFactory()
    sql("ALTER TABLE audit_logs ADD CONSTRAINT broken CHECK (action <> 'comment.posted') NOT VALID")

    with pytest.raises(DatabaseError), transaction.atomic():
        comment_on(proposal, author=ada)

    assert not Comment.objects.filter(proposal=proposal).exists()


@pytest.mark.parametrize("content", ["", " \r\n\t ", "\0", "[a]: https://example.org"])
def test_comment_with_nothing_to_read_is_refused(proposal, content):
    with pytest.raises(CommentEmpty):
        comment_on(proposal, content)


def test_comment_may_have_ten_thousand_characters_and_no_more(proposal):
    longest = "a\r\n" * 4_999 + "ab"  # browsers send two characters for each line end

    assert len(stored(comment_on(proposal, longest)).content) == 10_000
    with pytest.raises(CommentTooLong) as refusal:
        comment_on(proposal, "é" * 10_001)
    assert str(refusal.value) == "Keep it to 10,000 characters; these are 10,001."


def test_draft_has_no_discussion():
    draft = ProposalFactory()

    with pytest.raises(DiscussionNotOpen):
        comment_on(draft, author=draft.proposer)


def test_answer_to_a_comment_of_another_discussion_is_refused(proposal):
    elsewhere = comment_on(ProposalFactory(upcoming=True))

    with pytest.raises(ParentNotFound):
        comment_on(proposal, parent=elsewhere)
    with pytest.raises(ParentNotFound):
        post_comment(
            actor=UserFactory(), proposal_id=proposal.pk, content="?", parent_id=UUID(int=7)
        )


def test_answer_to_a_comment_of_another_discussion_is_refused_by_the_database(proposal):
    elsewhere = comment_on(ProposalFactory(upcoming=True))
    answer = Comment(proposal=proposal, user=elsewhere.user, content="?")
    answer.place_under(elsewhere)
    answer.root_id = answer.pk  # so that only the parent is wrong

    with refused("comments_parent_fk"):
        answer.save(force_insert=True)


def test_answer_to_a_removed_comment_is_refused(proposal):
    removed = comment_on(proposal)
    remove(removed)

    with pytest.raises(CommentRemoved):
        comment_on(proposal, parent=removed)


def test_brake_counts_what_one_member_posted_within_five_minutes(proposal):
    set_option("social.comments_per_5_minutes", "2", actor=None)
    clear_option_cache()
    ada, elsewhere = UserFactory(), ProposalFactory(upcoming=True)
    comment_on(proposal, author=ada)
    comment_on(elsewhere, author=ada)

    with pytest.raises(TooOften) as refusal:
        comment_on(proposal, author=ada)
    assert str(refusal.value) == (
        "You have posted 2 comments in five minutes. You can post the next one in 4 min."
    )

    comment_on(proposal, author=UserFactory())
    Brake.objects.filter(user=ada).update(since=F("since") - timedelta(minutes=5))
    comment_on(proposal, author=ada)
    assert Brake.objects.get(user=ada).count == 1


# --- reacting -----------------------------------------------------------------------------------


def test_reaction_is_counted_once_and_can_be_changed_and_taken_back(proposal):
    ada, comment = UserFactory(), comment_on(proposal)
    set_reaction(actor=UserFactory(), comment=comment, kind=LIKE)
    seen = []

    for kind in (LIKE, LIKE, DISLIKE, DISLIKE, LIKE, None, None):
        returned = set_reaction(actor=ada, comment=comment, kind=kind)
        seen.append((returned.likes, returned.dislikes))
        assert counts(comment) == seen[-1]

    assert seen == [(2, 0), (2, 0), (1, 1), (1, 1), (2, 0), (1, 0), (1, 0)]
    assert CommentReaction.objects.filter(proposal=proposal).count() == 1


def test_same_reaction_again_writes_nothing(proposal):
    """Not the row with what it said before, nor the comment's counters with what they were."""
    ada, comment = UserFactory(), comment_on(proposal)
    set_reaction(actor=ada, comment=comment, kind=LIKE)
    versions = """
        SELECT reaction.ctid, reaction.xmin, comment.ctid, comment.xmin
        FROM comment_reactions AS reaction JOIN comments AS comment ON comment.id = comment_id
    """
    before = sql(versions)
    assert len(before) == 1

    set_reaction(actor=ada, comment=comment, kind=LIKE)

    assert sql(versions) == before


def test_reaction_to_a_removed_comment_is_refused(proposal):
    comment = comment_on(proposal)
    remove(comment)

    with pytest.raises(CommentRemoved):
        set_reaction(actor=UserFactory(), comment=comment, kind=LIKE)


def test_reaction_is_not_audited(proposal):
    ada, comment = UserFactory(), comment_on(proposal)

    set_reaction(actor=ada, comment=comment, kind=LIKE)

    assert not AuditLog.objects.filter(user=ada).exists()


def test_second_reaction_of_one_member_is_refused_by_the_database(proposal):
    ada, comment = UserFactory(), comment_on(proposal)
    set_reaction(actor=ada, comment=comment, kind=LIKE)

    # each partition has its own name for comment_reactions_once_uniq
    with (
        pytest.raises(IntegrityError, match="proposal_id_comment_id_user_id"),
        transaction.atomic(),
    ):
        CommentReaction.objects.create(proposal=proposal, comment=comment, user=ada, kind=DISLIKE)
    assert counts(comment) == (1, 0)


# --- a text that explodes -----------------------------------------------------------------------


def test_a_comment_that_becomes_too_large_is_refused(proposal):
    with pytest.raises(TextTooLarge):
        comment_on(proposal, one_long_address(9_990))

    assert not Comment.objects.exists()


def test_the_brake_is_asked_before_a_text_is_rendered(proposal):
    """Else whoever may not post any more could still have work done, text after text."""
    ada = UserFactory()
    set_option("social.comments_per_5_minutes", "1", actor=None)
    clear_option_cache()
    comment_on(proposal, author=ada)

    with pytest.raises(TooOften):
        comment_on(proposal, one_long_address(9_990), author=ada)


@pytest.mark.parametrize("where", ["draft", "elsewhere"])
def test_a_place_that_is_not_there_is_noticed_before_a_text_is_rendered(proposal, where):
    refusal = {"draft": DiscussionNotOpen, "elsewhere": ParentNotFound}[where]
    about = ProposalFactory() if where == "draft" else proposal
    parent = None if where == "draft" else comment_on(ProposalFactory(upcoming=True))

    with pytest.raises(refusal):
        comment_on(about, one_long_address(9_990), parent=parent)
