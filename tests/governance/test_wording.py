"""What the rule says, in words that never contradict it."""

from fractions import Fraction

import pytest
from django.utils.html import strip_tags
from hypothesis import given
from hypothesis import strategies as st

from governance.clauses import quorum_mark, why
from governance.outcome import Outcome, Rule, Tally, decide, to_units
from governance.wording import (
    beside,
    final_verdict,
    live_verdict,
    needed_share,
    reached_share,
    result_headline,
)


def judge(
    yes, no, abstain, *, quorum=100, approval=(3, 5), mode="for_abstain"
) -> tuple[Outcome, Rule]:
    rule = Rule(mode, to_units(quorum), *approval)
    return decide(Tally(to_units(yes), to_units(no), to_units(abstain)), rule), rule


NOT_PASS = "If voting closed now, this would not pass"
A_DECISION = "Quorum was met, so this is a decision: it can come back as a new proposal."
COMES_BACK = "It can come back as a new proposal."
# For, Against, Abstain -> live, final, with a quorum of 100 and an approval of 3/5
SENTENCES = {
    (70, 20, 40): (
        "If voting closed now, this would pass.",
        "Quorum and approval were met.",
    ),
    (0, 0, 0): (
        f"{NOT_PASS}: nobody has voted yet.",
        "Nobody voted, so nothing was decided.",
    ),
    (60, 0, 20): (
        f"{NOT_PASS}: quorum is 20 short.",
        "Too little power took part, so nothing was decided.",
    ),
    (60, 10, 20): (
        f"{NOT_PASS}: turnout is 10 short of the quorum.",
        "Too little power took part, so nothing was decided.",
    ),
    (60, 50, 0): (
        f"{NOT_PASS}: quorum is 40 short, and only For and Abstain count toward it.",
        "Quorum was 40 short: only For and Abstain count toward it.",
    ),
    (50, 50, 50): (
        f"{NOT_PASS}: For and Against have equal power, and a tie never passes.",
        "For and Against had equal power, and a tie never passes.",
    ),
    (0, 0, 120): (
        f"{NOT_PASS}: no power is For or Against.",
        "No power was For or Against.",
    ),
    (40, 50, 60): (
        f"{NOT_PASS}: more power is Against than For.",
        "More power voted Against than For.",
    ),
    (59, 41, 60): (
        f"{NOT_PASS}: approval is 59% and needs 60%.",
        "Approval was 59% and needed 60%.",
    ),
}


@pytest.mark.parametrize(("tally", "sentences"), SENTENCES.items())
def test_verdict_says_what_decides(tally, sentences):
    outcome, rule = judge(*tally)

    voters = sum(map(bool, tally))
    live, final = (
        verdict(outcome, rule, voters=voters) for verdict in (live_verdict, final_verdict)
    )
    assert (strip_tags(live), final) == sentences


def test_live_verdict_stresses_the_word_that_matters():
    assert "would <strong>pass</strong>." in live_verdict(*judge(70, 20, 40), voters=3)
    assert "would <strong>not pass</strong>:" in live_verdict(*judge(7, 2, 4), voters=3)


def test_live_verdict_of_the_design_keeps_its_words():
    """2.18M For, 311k Abstain and nobody Against: turnout and quorum miss the same power."""
    outcome, rule = judge(2_972_550, 0, 311_000, quorum=4_000_000)

    assert strip_tags(live_verdict(outcome, rule, voters=3)) == (
        f"{NOT_PASS}: quorum is 716.45k short."
    )


def test_quorum_mode_for_says_that_only_for_counts():
    outcome, rule = judge(60, 10, 50, mode="for")

    assert (
        final_verdict(outcome, rule, voters=3) == "Quorum was 40 short: only For counts toward it."
    )


@pytest.mark.parametrize(
    ("approval", "words"),
    [((1, 2), "50%"), ((3, 5), "60%"), ((5, 8), "62.5%"), ((2, 3), "2/3"), ((1, 1), "100%")],
)
def test_needed_share_is_exact(approval, words):
    assert needed_share(Rule("for", 1, *approval)) == words


@pytest.mark.parametrize(
    ("yes", "no", "approval", "words"),
    [
        (5996, 4004, (3, 5), "59.9%"),  # 59.96 %, which would round to the mark
        (60, 40, (3, 5), "60%"),
        (2, 1, (2, 3), "2/3"),
        (6667, 3333, (2, 3), "66.67%"),  # "66.6%" would look as if two thirds had been missed
        (6666, 3334, (2, 3), "66.6%"),
        (2 * 10**17 + 1, 10**17, (2, 3), "66.666666…%"),
        (2 * 10**17 - 1, 10**17, (2, 3), "66.6%"),
    ],
)
def test_reached_share_stands_on_its_true_side_of_the_mark(yes, no, approval, words):
    rule = Rule("turnout", 0, *approval)

    assert reached_share(decide(Tally(yes, no, 0), rule), rule) == words


@given(
    yes=st.integers(0, 10**26),
    no=st.integers(0, 10**26),
    denominator=st.integers(1, 400),
    data=st.data(),
)
def test_reached_share_never_contradicts_the_rule(yes, no, denominator, data):
    numerator = data.draw(st.integers(1, denominator))
    rule = Rule("turnout", 0, numerator, denominator)
    outcome = decide(Tally(yes, no, 0), rule)

    words, mark = reached_share(outcome, rule), Fraction(numerator, denominator)

    if yes + no == 0:
        assert words == ""
    elif words.endswith("…%") or "/" in words:
        assert outcome.clause("approval").met  # more digits than fit: it says so itself
    else:
        shown = Fraction(words.removesuffix("%")) / 100
        assert (shown >= mark) == outcome.clause("approval").met


@pytest.mark.parametrize(
    ("have", "need", "words"),
    [
        ("3283550", "4000000", ("3.28M", "4M")),
        ("3996000", "3997000", ("3,996,000", "3,997,000")),  # both would be "3.99M"
        ("4000000", "4000000", ("4M", "4M")),
        ("0.001", "0.002", ("0.001", "0.002")),
    ],
)
def test_beside_never_shows_unlike_powers_alike(have, need, words):
    assert beside(to_units(have), to_units(need)) == words


# For, Against, Abstain -> title and text
HEADLINES = {
    (70, 20, 40): (
        "Passed with 77.7% For",
        "110 power counted toward a quorum of 100. 3 members voted.",
    ),
    (30, 50, 0): (
        "No decision: too little power took part",
        "80 power voted and 100 was needed. Nothing was decided, whatever the votes said.",
    ),
    (0, 0, 0): (
        "No decision: nobody voted",
        f"Nothing was decided. {COMES_BACK}",
    ),
    (59, 41, 60): (
        "Rejected with 59% For",
        f"Approval was 59% and needed 60%. {A_DECISION}",
    ),
    (60, 50, 0): (
        "Rejected: the quorum was missed",
        f"Quorum was 40 short: only For and Abstain count toward it. {COMES_BACK}",
    ),
    (0, 0, 120): (
        "Rejected",
        f"No power was For or Against. {A_DECISION}",
    ),
}


@pytest.mark.parametrize(("tally", "words"), HEADLINES.items())
def test_headline_tells_the_result_and_what_made_it(tally, words):
    headline = result_headline(*judge(*tally), voters=3 if any(tally) else 0)

    assert (headline.title, headline.text) == words


def test_headline_counts_one_member():
    headline = result_headline(*judge(100, 0, 0), voters=1)

    assert headline.text == "100 power counted toward a quorum of 100. 1 member voted."


def test_why_shows_every_clause_in_exact_numbers():
    lines = why(*judge("1319582.5", "2104259", "702318", quorum=2_000_000), voters=3)

    spelled = [
        f"{line.title}: {line.have} {line.unit} {line.sign} {line.need} {line.need_unit}"
        for line in lines
    ]
    assert spelled == [
        "Enough power took part: 4,126,159.5 power voted ≥ 2,000,000 needed",
        "Quorum, counted from For and Abstain: 2,021,900.5 power counted ≥ 2,000,000 needed",
        "More power For than Against: 1,319,582.5 power For < 2,104,259 Against",
        "Approval of at least 60%: 1,319,582.5 power For < 2,054,304.9 = 60% of For + Against",
    ]


def test_why_stops_at_the_clause_that_decides():
    lines = why(*judge("1319582.5", "2104259", "702318", quorum=2_000_000), voters=3)

    assert [line.met for line in lines] == [True, True, False, False]
    assert [line.looked_at for line in lines] == [True, True, True, False]
    assert [line.decided for line in lines] == ["", "", "This decided it: 784,676.5 short.", ""]


def test_why_says_that_a_tie_decided():
    line = why(*judge(60, 60, 0, mode="turnout"), voters=2)[2]

    assert (line.sign, line.decided) == ("=", "This decided it: a tie never passes.")


def test_why_says_that_nobody_voted():
    line = why(*judge(0, 0, 0), voters=0)[0]

    assert (line.looked_at, line.decided) == (True, "This decided it: nobody voted.")


def test_why_bars_stay_in_their_track():
    bars = [(line.bar, line.mark) for line in why(*judge(70, 20, 40), voters=3)]

    assert max(max(bar) for bar in bars) == Fraction(100 * 100, 112)
    assert why(*judge(0, 0, 0, quorum=0), voters=0)[0].bar == 0


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("for_abstain", "Quorum: For and Abstain must reach this"),
        ("for", "Quorum: For must reach this"),
        ("turnout", "Quorum: all votes must reach this"),
    ],
)
def test_quorum_mark_names_what_counts(mode, words):
    assert quorum_mark(Rule(mode, 1, 1, 2)) == words
