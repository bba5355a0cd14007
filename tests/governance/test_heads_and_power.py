"""People are counted in people and power in power: no page says both ways at once.

Power is what decides; votes without power, which come with an import, are votes all the same.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape

import pytest
from django.test import Client
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.models import AuditLog
from governance.clauses import why
from governance.models import Proposal
from governance.outcome import Rule, Tally, decide, to_units
from governance.selectors.tallies import standing_of
from governance.services.imports import ImportedProposal, ImportedVote, import_proposals
from governance.wording import final_verdict, live_verdict, result_headline
from social.notices.words import words_for_closed
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 1, tzinfo=UTC)
A_DECISION = "Quorum was met, so this is a decision: it can come back as a new proposal."
COMES_BACK = "Nothing was decided. It can come back as a new proposal."
NOBODY = re.compile(r"nobody (has )?voted|no votes yet", re.IGNORECASE)


def decided(votes: str, quorum: str = "0") -> Proposal:
    """Brought over with ``votes``, such as "yes 0, no 5": each of another member."""
    cast = [vote.split() for vote in votes.split(", ") if vote]
    report = import_proposals(
        actor=None,
        proposals=[
            ImportedProposal(
                source_id="0xheads",
                title="Heads and power",
                text="Count both.",
                author=f"0x{99:040x}",
                start=START,
                end=START + timedelta(days=3),
                quorum=Decimal(quorum),
                space="",
                votes=[
                    ImportedVote(f"0x{n:040x}", choice, Decimal(power), START + timedelta(hours=n))
                    for n, (choice, power) in enumerate(cast, start=1)
                ],
            )
        ],
    )
    (proposal,) = report.proposals
    return proposal


def words(path: str, client: Client | None = None) -> str:
    """The page's words, also those for screen readers."""
    html = (client or Client()).get(path).text.partition("<main")[2]
    labels = " ".join(re.findall(r'aria-label="([^"]*)"', html))
    text = unescape(re.sub(r"<[^>]+>", " ", html.partition(">")[2]) + f" {labels}")
    return re.sub(r" ([.,:;])", r"\1", " ".join(text.split()))


# votes, quorum -> status, headline, the line under it, the verdict, who voted, the share in a list
TABLE = {
    ("", "0"): (
        "expired",
        "No decision: nobody voted",
        COMES_BACK,
        "Nobody voted, so nothing was decided.",
        "0 voters",
        "nobody voted",
    ),
    ("yes 0", "0"): (
        "expired",
        "No decision: nobody with power voted",
        f"1 member voted, without any power. {COMES_BACK}",
        "Nobody with power voted, so nothing was decided.",
        "1 voter",
        "no power voted",
    ),
    ("yes 0, no 0, abstain 0", "10"): (
        "expired",
        "No decision: nobody with power voted",
        f"3 members voted, without any power. {COMES_BACK}",
        "Nobody with power voted, so nothing was decided.",
        "3 voters",
        "no power voted",
    ),
    ("yes 5, no 0, no 0", "10"): (
        "expired",
        "No decision: too little power took part",
        "5 power voted and 10 was needed. Nothing was decided, whatever the votes said.",
        "Too little power took part, so nothing was decided.",
        "3 voters",
        "50% of quorum",
    ),
    ("abstain 20", "10"): (
        "rejected",
        "Rejected",
        f"No power was For or Against. {A_DECISION}",
        "No power was For or Against.",
        "1 voter",
        "all power is Abstain",
    ),
    ("yes 0, no 0, abstain 20", "10"): (
        "rejected",
        "Rejected",
        f"No power was For or Against. {A_DECISION}",
        "No power was For or Against.",
        "3 voters",
        "all power is Abstain",
    ),
    ("yes 5, yes 5, no 10", "10"): (
        "rejected",
        "Rejected with 50% For",
        f"For and Against had equal power, and a tie never passes. {A_DECISION}",
        "For and Against had equal power, and a tie never passes.",
        "3 voters",
        "50% for",
    ),
    ("yes 1, yes 1, yes 0, no 18", "10"): (
        "rejected",
        "Rejected with 10% For",
        f"More power voted Against than For. {A_DECISION}",
        "More power voted Against than For.",
        "4 voters",
        "10% for",
    ),
    ("yes 20", "10"): (
        "passed",
        "Passed with 100% For",
        "20 power counted toward a quorum of 10. 1 member voted.",
        "Quorum and approval were met.",
        "1 voter",
        "100% for",
    ),
    ("yes 20, no 0, no 0", "0"): (
        "passed",
        "Passed with 100% For",
        "20 power counted toward a quorum of 0. 3 members voted.",
        "Quorum and approval were met.",
        "3 voters",
        "100% for",
    ),
}


@pytest.mark.parametrize(("case", "said"), TABLE.items(), ids=lambda case: str(case[:2]))
def test_every_page_counts_heads_and_power_alike(case, said):
    votes, quorum = case
    status, title, line, verdict, voters, share = said

    proposal = decided(votes, quorum)

    assert proposal.status == status
    page = words(proposal.get_absolute_url())
    assert f"{title} {line}" in page
    assert f"Results {verdict}" in page
    assert f"{voters} · See every vote" in page
    told = words_for_closed(proposal)
    assert (told.title, line in told.message) == (title, True)
    assert f"Latest results {proposal.get_status_display()}" in words("/") or status == "expired"
    assert share in words("/")
    every = words(f"{proposal.get_absolute_url()}votes/")
    listed = words("/proposals/")
    if votes:
        assert voters in listed
        assert not [
            found for found in map(NOBODY.search, (page, every, listed, words("/"))) if found
        ]
        assert f"All {proposal.total_votes}" in every
    else:
        assert "Nobody has voted." in every


def test_quorum_of_nothing_is_not_met_by_nothing():
    proposal = decided("yes 0, no 0")
    standing = standing_of(proposal)

    assert (standing.quorum_met, standing.quorum_share) == (False, 0)
    page = words(proposal.get_absolute_url())
    assert "Quorum 0 needs more than 0" in page
    assert "Enough power took part: no 0 power voted = 0 needed" in page
    assert "This decided it: nobody with power voted." in page
    listed = words("/proposals/")
    assert proposal.title in listed
    assert "Quorum met" not in listed


def test_quorum_of_nothing_is_met_by_the_least_power():
    standing = standing_of(decided("yes 0.000000000000000001"))

    assert (standing.quorum_met, standing.quorum_share) == (True, 100)


def test_chart_names_one_member_and_several():
    proposal = decided("yes 5, no 0")
    address = f"{proposal.get_absolute_url()}votes/"

    assert "2 members voted with 5 power. 5 of it counts toward the quorum of 0." in words(address)


def test_power_without_a_share_is_of_all_power_that_voted():
    address = f"{decided('yes 5, no 0').get_absolute_url()}votes/"

    text = words(address)

    assert "5 100% of all power that voted" in text
    assert "0 0% of all power that voted" in text


def test_admin_says_why_in_words_that_hold_for_both(client):
    decided("yes 0")
    client.force_login(UserFactory(role="admin"))

    text = client.get("/admin/governance/proposal/").text

    assert "Nobody with power voted" in text
    assert not NOBODY.search(text)
    assert AuditLog.objects.get(action="proposal.imported").new_values["voters"] == 1


COUNTS = st.tuples(st.integers(0, 3), st.sampled_from(["0", "0.000000000000000001", "7"]))


@given(
    yes=COUNTS,
    no=COUNTS,
    abstain=COUNTS,
    quorum=st.sampled_from(["0", "7", "20"]),
    mode=st.sampled_from(["for", "for_abstain", "turnout"]),
)
def test_no_sentence_denies_voters_or_invents_them(yes, no, abstain, quorum, mode):
    """Whatever heads and power are: "nobody voted" is said exactly when nobody did."""
    voters = sum(heads for heads, _power in (yes, no, abstain))
    tally = Tally(*(heads * to_units(power) for heads, power in (yes, no, abstain)))
    rule = Rule(mode, to_units(quorum), 1, 2)
    outcome = decide(tally, rule)

    headline = result_headline(outcome, rule, voters=voters)
    sentences = [
        strip_tags(live_verdict(outcome, rule, voters=voters)),
        final_verdict(outcome, rule, voters=voters),
        headline.title,
        *(line.decided for line in why(outcome, rule, voters=voters) if line.decided),
    ]

    denied = [sentence for sentence in sentences if NOBODY.search(sentence)]
    assert denied == ([] if voters else sentences)
    assert ("without any power" in headline.text) == (voters > 0 and tally.turnout == 0)
