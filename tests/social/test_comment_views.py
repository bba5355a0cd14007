"""Reading a discussion and reacting to it, with htmx and without."""

import pytest
from django.test import Client

from governance.models import Proposal
from social.models import Comment, CommentReaction
from social.services.comments import set_reaction
from tests.factories import ProposalFactory, UserFactory, comment_on, grow_discussion
from tests.social.comments import counts, remove
from tests.social.discussion_pages import HTMX, UNKNOWN, articles, comments_of, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def proposal() -> Proposal:
    return ProposalFactory(upcoming=True)


# --- reading --------------------------------------------------------------------------------------


def test_proposal_shows_its_discussion(client, proposal):
    mira = proposal.proposer
    root = comment_on(proposal, "**Why** now?")
    answer = comment_on(proposal, "Because.", author=mira, parent=root)

    html = client.get(page_of(proposal)).content.decode()

    assert articles(html) == [str(root.pk), str(answer.pk)]
    assert "<p><strong>Why</strong> now?</p>" in html
    assert html.count('<span class="tag">Proposer</span>') == 1
    assert f"in reply to {root.user}" in html


def test_draft_shows_no_discussion(signed_in, ada):
    draft = ProposalFactory(proposer=ada)

    page = signed_in.get(page_of(draft)).text
    assert draft.title in page
    assert 'id="discussion"' not in page
    assert signed_in.get(comments_of(draft)).status_code == 404


def test_proposal_without_comments_says_so(client, proposal):
    assert "No comments yet" in client.get(page_of(proposal)).content.decode()


def test_removed_comment_leaves_its_place_and_nothing_else(signed_in, proposal):
    root = comment_on(proposal, "Buy my things", author=UserFactory(username="spammer"))
    answer = comment_on(proposal, "Please stop", parent=root)
    remove(root)

    html = signed_in.get(page_of(proposal)).content.decode()

    assert articles(html) == [str(root.pk), str(answer.pk)]
    assert "This comment was removed." in html
    assert "in reply to a removed comment" in html
    assert "Buy my things" not in html
    assert "spammer" not in html
    assert f"{root.get_absolute_url()}like/" not in html
    assert f"{root.get_absolute_url()}reply/" not in html


def test_who_is_signed_out_reads_and_is_asked_to_sign_in(client, proposal):
    comment_on(proposal)

    html = client.get(page_of(proposal)).content.decode()

    assert f'href="/accounts/login/?next=/proposals/{proposal.number}/%23discussion"' in html
    assert "<textarea" not in html
    assert 'form="reactions"' not in html


@pytest.mark.parametrize("threads", [1, 3])
def test_proposal_page_takes_as_many_statements_whatever_is_said(
    signed_in, proposal, threads, django_assert_num_queries
):
    for _ in range(threads):
        comment_on(proposal, parent=comment_on(proposal))
    signed_in.get(page_of(proposal))  # the options are read once in five seconds

    with django_assert_num_queries(9):
        signed_in.get(page_of(proposal))


def test_htmx_gets_the_discussion_alone(client, proposal):
    comment = comment_on(proposal)

    response = client.get(comments_of(proposal), headers=HTMX | {"HX-Target": "discussion"})

    html = response.content.decode()
    assert html.strip().startswith('<section class="disc" id="discussion"')
    assert articles(html) == [str(comment.pk)]
    assert "HX-Request" in response["Vary"]


def test_others_are_sent_to_the_page_with_what_they_asked_for(client, proposal):
    response = client.get(
        comments_of(proposal), {"sort": "newest", "page": "2", "thread": str(UNKNOWN), "x": "//y"}
    )

    assert response.status_code == 302
    assert response["Location"] == (
        f"{page_of(proposal)}?sort=newest&page=2&thread={UNKNOWN}#discussion"
    )


def test_order_is_remembered_when_it_is_asked_for(client, proposal):
    first, second = comment_on(proposal, "first"), comment_on(proposal, "second")
    client.get(comments_of(proposal), {"page": "1"})
    assert "comments_sort" not in client.cookies
    orders = {"": [second, first], "newest": [second, first], "oldest": [first, second]}

    for sort, expected in orders.items():
        client.get(comments_of(proposal), {"sort": sort})
        html = client.get(page_of(proposal)).content.decode()
        assert articles(html) == [str(comment.pk) for comment in expected]

    client.get(comments_of(proposal), {"sort": "nonsense"})
    assert client.cookies["comments_sort"].value == "oldest"
    assert client.cookies["comments_sort"]["httponly"]
    html = client.get(page_of(proposal), {"sort": "newest"}).content.decode()
    assert articles(html) == [str(second.pk), str(first.pk)]


def test_long_thread_leads_on_to_the_rest_of_it(client, proposal):
    root = comment_on(proposal)
    grow_discussion(proposal, under=root, answers=1_600)
    address = f"{page_of(proposal)}?thread={root.pk}"

    html = client.get(page_of(proposal)).content.decode()
    assert f'href="{address}#thread-{root.pk}"' in html
    assert "Show 1,081 more replies" in html

    html = client.get(address).content.decode()
    assert "Comments 1\N{EN DASH}500 of 1,601 in this thread" in html
    assert f'href="{address}&amp;page=2#discussion"' in html
    assert "Show all threads" in html


def test_pages_of_threads_keep_the_order(client, proposal):
    grow_discussion(proposal, roots=41)

    html = client.get(page_of(proposal), {"sort": "oldest", "page": "2"}).content.decode()

    assert "Threads 21\N{EN DASH}40 of 41" in html
    for number in (1, 3):
        assert f'href="{page_of(proposal)}?sort=oldest&amp;page={number}#discussion"' in html
        assert f'hx-get="{comments_of(proposal)}?sort=oldest&amp;page={number}"' in html


# --- permalinks -----------------------------------------------------------------------------------


def test_permalink_leads_to_the_page_on_which_the_comment_is(client, proposal):
    comments = [comment_on(proposal, str(number)) for number in range(21)]

    oldest = client.get(comments[0].get_absolute_url())
    newest = client.get(comments[-1].get_absolute_url())

    assert (oldest.status_code, oldest["Location"]) == (
        302,
        f"{page_of(proposal)}?page=2#c-{comments[0].pk}",
    )
    assert newest["Location"] == f"{page_of(proposal)}#c-{comments[-1].pk}"


def test_permalink_follows_the_reader_s_order(client, proposal):
    comments = [comment_on(proposal, str(number)) for number in range(21)]
    client.get(comments_of(proposal), {"sort": "oldest"})

    response = client.get(comments[-1].get_absolute_url())

    assert response["Location"] == f"{page_of(proposal)}?page=2#c-{comments[-1].pk}"


def test_permalink_of_no_comment_is_not_found(client):
    assert client.get(f"/comments/{UNKNOWN}/").status_code == 404


def react(client: Client, comment: Comment, what: str, data=None, headers=None):
    return client.post(f"{comment.get_absolute_url()}{what}/", data or {}, headers=headers or {})


# --- reacting -------------------------------------------------------------------------------------


def test_like_counts_once_and_is_taken_back(signed_in, proposal):
    comment = comment_on(proposal)
    set_reaction(actor=UserFactory(), comment=comment, kind=CommentReaction.Kind.LIKE)

    first = react(signed_in, comment, "like")
    react(signed_in, comment, "like")

    assert (first.status_code, first["Location"]) == (303, f"{page_of(proposal)}#c-{comment.pk}")
    assert counts(comment) == (2, 0)
    react(signed_in, comment, "dislike")
    assert counts(comment) == (1, 1)
    react(signed_in, comment, "dislike", {"undo": "1"})
    assert counts(comment) == (1, 0)


def test_htmx_gets_the_buttons_alone(signed_in, proposal):
    comment = comment_on(proposal)

    response = react(signed_in, comment, "like", headers=HTMX)

    html = response.content.decode()
    assert html.strip().startswith(f'<span class="reacts" id="reacts-{comment.pk}">')
    assert html.count('aria-pressed="true"') == 1
    assert response["HX-Retarget"] == f"#reacts-{comment.pk}"
    assert response["HX-Reswap"] == "outerHTML"


def test_reaction_to_a_removed_comment_says_so(signed_in, proposal):
    comment = comment_on(proposal)
    remove(comment)

    htmx = react(signed_in, comment, "like", headers=HTMX)
    react(signed_in, comment, "like")

    assert htmx.status_code == 422
    assert "This comment was removed in the meantime." in htmx.content.decode()
    assert (
        "This comment was removed in the meantime." in signed_in.get("/proposals/").content.decode()
    )
    assert counts(comment) == (0, 0)


def test_who_is_signed_out_signs_in_before_liking(client, proposal):
    comment = comment_on(proposal)

    response = react(client, comment, "like", headers=HTMX)

    assert response["HX-Redirect"] == f"/accounts/login/?next={comment.get_absolute_url()}"
    assert counts(comment) == (0, 0)


@pytest.mark.parametrize("what", ["like", "dislike"])
def test_reactions_are_posted(signed_in, proposal, what):
    comment = comment_on(proposal)

    assert signed_in.get(f"{comment.get_absolute_url()}{what}/").status_code == 405
    assert signed_in.post(f"/comments/{UNKNOWN}/{what}/").status_code == 404


# --- on the author's page -------------------------------------------------------------------------


def test_removed_comment_leaves_its_authors_page(client, ada, proposal):
    removed, standing = (comment_on(proposal, text, author=ada) for text in ("First.", "Second."))
    page = f"/members/{ada.username}/?show=comments"

    before = client.get(page).text
    assert removed.get_absolute_url() in before
    assert "Comments <span>2</span>" in before
    remove(removed)
    after = client.get(page).text

    assert standing.get_absolute_url() in after
    assert "Comments <span>1</span>" in after
    assert removed.get_absolute_url() not in after
