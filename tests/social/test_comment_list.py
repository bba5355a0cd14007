"""What a viewer sees of a discussion: pages, trees, cuts, and where a comment is to be found."""

from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser

from governance.models import Proposal
from social.models import Comment, CommentReaction
from social.selectors.comment_list import (
    FIRST_COMMENTS,
    ROOM,
    SHARE,
    THREAD_ROOM,
    THREADS,
    Discussion,
    Node,
    Sort,
    discussion,
    place_of,
)
from social.services.comments import set_reaction
from tests.factories import ProposalFactory, UserFactory, comment_on, grow_discussion
from tests.looking import some
from tests.sql import sql

pytestmark = pytest.mark.django_db

NOBODY = AnonymousUser()


@pytest.fixture
def proposal() -> Proposal:
    return ProposalFactory(upcoming=True)


def show(proposal: Proposal, viewer=NOBODY, *, sort=Sort.OLDEST, page=1, thread=None) -> Discussion:
    return discussion(proposal, viewer, sort=sort, page=page, thread=thread)


def said(nodes: list[Node]) -> list:
    """The tree in words: ["root", ["answer"]]."""
    words = []
    for node in nodes:
        words.append(node.comment.content)
        if node.answers:
            words.append(said(node.answers))
    return words


def shown_ids(nodes: list[Node]) -> set[UUID]:
    ids = {node.comment.pk for node in nodes}
    return ids.union(*(shown_ids(node.answers) for node in nodes))


# --- order and tree -----------------------------------------------------------------------------


def test_threads_come_in_the_order_that_is_asked_for(proposal):
    first, second, third = (comment_on(proposal, word) for word in ("first", "second", "third"))
    for comment, likes in ((second, 2), (first, 1)):
        for _ in range(likes):
            set_reaction(actor=UserFactory(), comment=comment, kind=CommentReaction.Kind.LIKE)

    orders = {sort: said(show(proposal, sort=sort).roots) for sort in Sort}

    assert orders == {
        Sort.TOP: ["second", "first", "third"],
        Sort.NEWEST: ["third", "second", "first"],
        Sort.OLDEST: ["first", "second", "third"],
    }
    assert third


def test_answers_stand_below_what_they_answer_in_order_of_time(proposal):
    root = comment_on(proposal, "root")
    one = comment_on(proposal, "one", parent=root)
    comment_on(proposal, "two", parent=root)
    comment_on(proposal, "under one", parent=one)
    comment_on(proposal, "another root")

    page = show(proposal)

    assert said(page.roots) == ["root", ["one", ["under one"], "two"], "another root"]
    assert page.count == 5
    assert [node.below for node in page.roots] == [3, 0]
    assert [node.below for node in page.roots[0].answers] == [1, 0]


def test_answers_below_the_third_depth_follow_what_they_answer(proposal):
    chain = [comment_on(proposal, "0")]
    for depth in range(1, 12):
        chain.append(comment_on(proposal, str(depth), parent=chain[-1]))
    comment_on(proposal, "3b", parent=chain[2])
    comment_on(proposal, "4b", parent=chain[3])

    tree = show(proposal).roots

    flat = ["3", "4", "5", "6", "7", "8", "9", "10", "11", "4b", "3b"]
    assert said(tree) == ["0", ["1", ["2", flat]]]
    lowest = tree[0].answers[0].answers[0].answers
    assert {node.depth for node in lowest} == {3}
    assert [node.is_flattened for node in lowest] == [False, *[True] * 9, False]
    assert [node.parent.content for node in lowest] == [*"23456789", "10", "3", "2"]
    assert tree[0].below == 13


def test_removed_comment_keeps_its_place(proposal):
    root = comment_on(proposal, "root")
    comment_on(proposal, "answer", parent=root)
    Comment.objects.filter(proposal=proposal, pk=root.pk).update(is_deleted=True, content="")

    assert said(show(proposal).roots) == ["", ["answer"]]


def test_reader_sees_own_reactions_only(proposal):
    ada, comment, other = UserFactory(), comment_on(proposal, "a"), comment_on(proposal, "b")
    set_reaction(actor=ada, comment=comment, kind=CommentReaction.Kind.DISLIKE)
    set_reaction(actor=UserFactory(), comment=other, kind=CommentReaction.Kind.LIKE)

    assert [node.mine for node in show(proposal, ada).roots] == [-1, 0]
    assert [node.mine for node in show(proposal).roots] == [0, 0]


def test_discussion_is_of_one_proposal(proposal):
    comment_on(ProposalFactory(upcoming=True), "elsewhere")

    page = show(proposal)

    assert (page.roots, page.count) == ([], 0)


# --- pages --------------------------------------------------------------------------------------


def test_page_has_twenty_threads(proposal):
    grow_discussion(proposal, roots=THREADS + 1)

    assert len(show(proposal).roots) == 20
    assert len(show(proposal, page="2").roots) == 1
    pages = ["nonsense", "-1", "", None, "2", "77", "9" * 40]
    assert [show(proposal, page=page).page.number for page in pages] == [1, 1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("signed_in", [False, True])
def test_page_takes_two_statements_whatever_is_on_it(
    proposal, threads, signed_in, django_assert_num_queries
):
    viewer = UserFactory() if signed_in else NOBODY
    for _ in range(threads):
        comment_on(proposal, parent=comment_on(proposal))

    with django_assert_num_queries(2):
        nodes = show(proposal, viewer).roots
        assert [str(node.answers[0].comment.user) for node in nodes]


def test_thread_that_is_too_long_is_cut_and_leaves_room_for_the_others(proposal):
    long, short = comment_on(proposal, "long"), comment_on(proposal, "short")
    grow_discussion(proposal, under=long, answers=700)
    comment_on(proposal, parent=short)

    first, second = show(proposal).roots

    assert len(shown_ids([first, second])) == ROOM
    assert (first.below + first.hidden, first.hidden > 0) == (700, True)
    assert (second.below, second.hidden) == (1, 0)


def test_every_thread_of_a_full_page_has_its_share(proposal):
    for root in grow_discussion(proposal, roots=THREADS):
        grow_discussion(proposal, under=root, answers=30)

    roots = show(proposal).roots

    assert {root.below >= SHARE - 1 for root in roots} == {True}
    assert {root.below + root.hidden for root in roots} == {30}


def test_thread_alone_goes_on_under_what_its_first_comment_stands_under(proposal):
    comment_on(proposal, "another thread")
    root = comment_on(proposal, "root")
    inner = comment_on(proposal, "inner", parent=root)
    answers = grow_discussion(proposal, under=inner, answers=THREAD_ROOM)

    first, rest = (show(proposal, thread=root.pk, page=page) for page in (1, 2))

    assert len(shown_ids(first.roots)) == THREAD_ROOM
    assert said(rest.roots) == ["root", ["inner", ["Well.", "Well."]]]
    assert shown_ids(first.roots) | shown_ids(rest.roots) == {
        comment.pk for comment in (root, inner, *answers)
    }
    assert (first.only, first.page.has_next(), rest.page.has_next()) == (root.pk, True, False)


def test_answer_to_a_comment_of_an_earlier_page_of_its_thread_still_has_a_place(proposal):
    chain = [comment_on(proposal)]
    for _ in range(Comment.MAX_DEPTH):
        chain.append(comment_on(proposal, parent=chain[-1]))
    deepest = chain[-1]
    grow_discussion(proposal, under=chain[-2], answers=THREAD_ROOM)
    late = comment_on(proposal, "late", parent=deepest)

    rest = show(proposal, thread=deepest.root_id, page=2)

    node = rest.roots[0].answers[0].answers[0].answers[-1]
    assert node.comment == late
    assert (node.parent, node.is_flattened) == (None, True)


def test_thread_that_does_not_exist_shows_the_discussion(proposal):
    comment_on(proposal, "root")

    assert said(show(proposal, thread=UUID(int=7)).roots) == ["root"]


# --- finding ------------------------------------------------------------------------------------


@pytest.mark.parametrize("sort", list(Sort))
def test_every_comment_is_on_the_page_that_it_is_said_to_be_on(proposal, sort):
    roots = grow_discussion(proposal, roots=45)
    for root, answers in zip(roots[::15], (3, 40, THREAD_ROOM + 30), strict=True):
        for answer in grow_discussion(proposal, under=root, answers=answers)[:2]:
            grow_discussion(proposal, under=answer, answers=2)
    for comment in roots[:5]:
        set_reaction(actor=UserFactory(), comment=comment, kind=CommentReaction.Kind.LIKE)
    pages: dict[tuple, set[UUID]] = {}

    for comment in some(Comment.objects.filter(proposal=proposal)):
        place = place_of(comment, sort)
        key = (place.page, place.thread)
        if key not in pages:
            page = show(proposal, sort=sort, page=place.page, thread=place.thread)
            pages[key] = shown_ids(page.roots)
        assert comment.pk in pages[key]

    assert len(pages) > 4


# --- ten thousand -------------------------------------------------------------------------------


def test_page_of_ten_thousand_comments_takes_two_statements(proposal, django_assert_num_queries):
    viewer, root = UserFactory(), comment_on(proposal, "root")
    grow_discussion(proposal, under=root, answers=10_000)
    grow_discussion(proposal, roots=30)

    with django_assert_num_queries(2):
        page = show(proposal, viewer)

    assert page.count == 10_031
    assert page.roots[0].below + page.roots[0].hidden == 10_000
    assert len(page.roots) == THREADS


def test_long_thread_costs_no_more_rows_than_the_page_has_room_for(proposal):
    root = comment_on(proposal, "root")
    grow_discussion(proposal, under=root, answers=10_000)
    sql("ANALYZE comments")

    [[plan]] = sql(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {FIRST_COMMENTS.replace('%s', '{}')}".format(
            f"'{{{root.pk}}}'", f"'{proposal.pk}'", ROOM, ROOM
        )
    )

    assert most_rows(plan[0]["Plan"]) == ROOM


def most_rows(plan: dict) -> int:
    """The most rows that any part of a plan handed on."""
    rows = int(plan["Actual Rows"] * plan["Actual Loops"])
    return max([rows, *map(most_rows, plan.get("Plans", []))])
