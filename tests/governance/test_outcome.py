"""The rule of docs/governance.md, row by row, and what must hold for every tally there is."""

from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from governance.outcome import PLACES, Clause, Outcome, Rule, Tally, decide, from_units, to_units

MODES = ("for", "for_abstain", "turnout")

# Y, N, A, Q, T -> for, for_abstain, turnout
BOUNDARY_TABLE = """
50        50      0   10        1/2   rejected  rejected  rejected
51        49      0   10        1/2   passed    passed    passed
60        40      0   10        3/5   passed    passed    passed
0         0       50  10        1/2   rejected  rejected  rejected
1         0       9   10        1/2   rejected  passed    passed
60        50      0   100       1/2   rejected  rejected  passed
5         90      0   40        1/2   rejected  rejected  rejected
3         2       1   10        1/2   expired   expired   expired
40        20      0   40        2/3   passed    passed    passed
0         0       0   0         1/2   expired   expired   expired
10        0       0   0         1/2   passed    passed    passed
39596759  696857  0   40000000  1/2   rejected  rejected  passed
"""


def rows_of(table: str) -> list[tuple[str, ...]]:
    """One case for each mode of each row: Y, N, A, Q, T, mode, expected status."""
    return [
        (*row.split()[:5], mode, status)
        for row in table.strip().splitlines()
        for mode, status in zip(MODES, row.split()[5:], strict=True)
    ]


def make_rule(mode: str = "for_abstain", quorum: str = "10", approval: str = "1/2") -> Rule:
    numerator, denominator = approval.split("/")
    return Rule(mode, to_units(quorum), int(numerator), int(denominator))


def make_tally(yes: str = "0", no: str = "0", abstain: str = "0") -> Tally:
    return Tally(to_units(yes), to_units(no), to_units(abstain))


@pytest.mark.parametrize(
    ("yes", "no", "abstain", "quorum", "approval", "mode", "status"), rows_of(BOUNDARY_TABLE)
)
def test_boundary_table(yes, no, abstain, quorum, approval, mode, status):
    outcome = decide(make_tally(yes, no, abstain), make_rule(mode, quorum, approval))

    assert outcome.status == status


@pytest.mark.parametrize(
    ("tally", "rule", "reason", "deciding"),
    [
        (make_tally(), make_rule(quorum="0"), "no_votes", "turnout"),
        (make_tally("3", "2", "1"), make_rule(), "turnout", "turnout"),
        (make_tally("60", "50"), make_rule(quorum="100"), "support_quorum", "quorum"),
        (make_tally("50", "50"), make_rule(), "tie", "majority"),
        (make_tally("0", "0", "50"), make_rule(), "tie", "majority"),
        (make_tally("40", "60"), make_rule(), "below_threshold", "majority"),
        (make_tally("59", "41"), make_rule(approval="3/5"), "below_threshold", "approval"),
        (make_tally("60", "40"), make_rule(approval="3/5"), "approved", None),
    ],
)
def test_reason_and_deciding_clause(tally, rule, reason, deciding):
    outcome = decide(tally, rule)

    assert outcome.reason == reason
    assert (outcome.deciding and outcome.deciding.key) == deciding


def test_clauses_say_what_was_counted_and_what_was_missing():
    outcome = decide(
        make_tally("30", "20", "4"), make_rule("for_abstain", quorum="40", approval="2/3")
    )

    counted, short = to_units("34"), to_units("6")
    assert outcome.clauses == (
        Clause("turnout", to_units("54"), to_units("40"), met=True),
        Clause("quorum", counted, to_units("40"), met=False, decides=True),
        Clause("majority", to_units("30"), to_units("20"), met=True),
        Clause("approval", to_units("30"), 33_333_333_333_333_333_334, met=False),
    )
    assert outcome.clauses[1].missing == short
    assert outcome.clauses[0].missing == 0


# --- what must hold for every tally -------------------------------------------------------------


def small_world(*modes: str) -> Iterator[tuple[Tally, Rule]]:
    """Every tally and rule of a few units: all ties, all exact thresholds, nothing by chance."""
    shares = [(1, 3), (1, 2), (3, 5), (2, 3), (1, 1)]
    for mode, quorum, (numerator, denominator) in product(modes, range(10), shares):
        rule = Rule(mode, quorum, numerator, denominator)
        for powers in product(range(5), repeat=3):
            yield Tally(*powers), rule


units = st.integers(0, 12) | st.integers(0, 10**78)
tallies = st.builds(Tally, units, units, units)


@st.composite
def contests(draw: st.DrawFn, modes: tuple[str, ...] = MODES) -> tuple[Tally, Rule]:
    """Up to 60 digits before the point, and rules whose bounds lie near the tally."""
    tally = draw(tallies)
    bounds = [0, tally.yes, tally.yes + tally.abstain, tally.turnout]
    denominator = draw(st.integers(1, 10) | st.integers(1, 10**9))
    rule = Rule(
        quorum_mode=draw(st.sampled_from(modes)),
        quorum=max(0, draw(st.sampled_from(bounds) | units) + draw(st.integers(-1, 5))),
        approval_numerator=draw(st.integers(1, denominator)),
        approval_denominator=denominator,
    )
    return tally, rule


def judge_in_fractions(tally: Tally, rule: Rule) -> str:
    """The three sentences of docs/governance.md, written once more and in another way."""
    counted = {
        "for": tally.yes,
        "for_abstain": tally.yes + tally.abstain,
        "turnout": tally.yes + tally.no + tally.abstain,
    }[rule.quorum_mode]
    turnout = tally.yes + tally.no + tally.abstain
    if turnout == 0 or turnout < rule.quorum:
        return "expired"
    share = Fraction(rule.approval_numerator, rule.approval_denominator)
    enough = Fraction(tally.yes) >= share * (tally.yes + tally.no)
    return "passed" if counted >= rule.quorum and tally.yes > tally.no and enough else "rejected"


def test_agrees_with_the_rule_in_fractions_everywhere_in_a_small_world():
    for tally, rule in small_world(*MODES):
        assert decide(tally, rule).status == judge_in_fractions(tally, rule), (tally, rule)


@given(contests())
def test_agrees_with_the_rule_in_fractions(contest):
    tally, rule = contest
    assert decide(tally, rule).status == judge_in_fractions(tally, rule)


def test_a_no_vote_never_helps_in_a_small_world():
    for tally, rule in small_world("for_abstain"):
        if decide(tally, rule).passed:
            continue
        for more in range(1, 6):
            against = Tally(tally.yes, tally.no + more, tally.abstain)
            assert not decide(against, rule).passed, (tally, rule, more)


@given(contests(modes=("for_abstain",)), units)
def test_a_no_vote_never_helps_in_the_default_mode(contest, more):
    tally, rule = contest
    assume(not decide(tally, rule).passed)

    against = Tally(tally.yes, tally.no + more, tally.abstain)

    assert not decide(against, rule).passed


def test_a_no_vote_can_help_when_turnout_counts():
    """Why the default is another mode: this is what happened to Uniswap's first proposal."""
    rule = make_rule("turnout", quorum="40000000")

    assert decide(make_tally("39596759", "0"), rule).status == "expired"
    assert decide(make_tally("39596759", "696857"), rule).status == "passed"


@given(contests())
def test_a_tie_never_passes(contest):
    tally, rule = contest

    assert not decide(Tally(tally.yes, tally.yes, tally.abstain), rule).passed


@given(contests(), units)
def test_a_yes_vote_never_harms(contest, more):
    tally, rule = contest
    assume(decide(tally, rule).passed)

    assert decide(Tally(tally.yes + more, tally.no, tally.abstain), rule).passed


@given(contests())
def test_approval_is_a_cross_multiplication(contest):
    tally, rule = contest
    approval = decide(tally, rule).clauses[3]

    left = tally.yes * rule.approval_denominator
    right = rule.approval_numerator * (tally.yes + tally.no)
    assert approval.met == (left >= right)


@given(contests())
def test_the_first_unmet_clause_decides(contest):
    tally, rule = contest
    outcome = decide(tally, rule)

    unmet = [clause.key for clause in outcome.clauses if not clause.met]
    deciding = [clause.key for clause in outcome.clauses if clause.decides]
    assert deciding == unmet[:1]
    assert outcome.passed == (not unmet)


@given(contests())
def test_an_unmet_clause_names_what_would_meet_it(contest):
    """Majority needs one unit more than ``missing``; every other clause needs just that."""
    tally, rule = contest
    for clause in decide(tally, rule).clauses:
        if clause.met:
            assert clause.missing == 0
        elif clause.key == "majority":
            assert clause.have + clause.missing == clause.need
        elif tally.turnout:
            assert clause.missing > 0
            assert clause.have + clause.missing >= clause.need


votes = st.lists(st.tuples(st.sampled_from(["yes", "no", "abstain"]), units), max_size=20)


def tally_of(ballots: list[tuple[str, int]]) -> Tally:
    tally = Tally(0, 0, 0)
    for choice, power in ballots:
        tally = Tally(**{**vars(tally), choice: getattr(tally, choice) + power})
    return tally


@given(votes, contests(), st.randoms())
def test_the_order_of_votes_does_not_matter(ballots, contest, random):
    _tally, rule = contest
    shuffled = list(ballots)
    random.shuffle(shuffled)

    assert decide(tally_of(shuffled), rule) == decide(tally_of(ballots), rule)


# --- exactness ----------------------------------------------------------------------------------


@pytest.mark.parametrize("digits", [26, 60])
def test_one_base_unit_decides(digits):
    """One wei more or less, at sizes where a 28-digit decimal or a float has long rounded it."""
    half = Decimal("9" * digits)
    one_unit = from_units(1)
    with localcontext(prec=100):
        more = half + one_unit
    rule = make_rule(quorum="1")

    assert decide(make_tally(str(more), str(half)), rule).status == "passed"
    assert decide(make_tally(str(half), str(half)), rule).reason == "tie"
    assert decide(make_tally(str(half), str(more)), rule).status == "rejected"


@pytest.mark.parametrize("digits", [26, 60])
def test_one_base_unit_under_two_thirds_is_not_two_thirds(digits):
    third = to_units("3" * digits)
    rule = make_rule(quorum="1", approval="2/3")

    assert decide(Tally(2 * third, third, 0), rule).status == "passed"
    assert decide(Tally(2 * third - 1, third, 0), rule).reason == "below_threshold"
    assert decide(Tally(2 * third, third + 1, 0), rule).reason == "below_threshold"


@given(st.integers(-(10**78), 10**78))
def test_units_round_trip(amount):
    assert to_units(from_units(amount)) == amount


@given(st.decimals(-(10**59), 10**59, allow_nan=False, places=PLACES))
def test_amounts_round_trip(amount):
    back = from_units(to_units(amount))

    assert back == amount
    assert back.as_tuple().exponent == -PLACES


@pytest.mark.parametrize("text", ["0.0000000000000000001", "1.0000000000000000001", "1e-19"])
def test_a_19th_decimal_is_refused(text):
    with pytest.raises(ValueError, match="more than 18 decimals"):
        to_units(text)


def test_an_exponent_is_read_exactly():
    assert to_units("1.5e-17") == 15
    assert to_units("2e3") == 2000 * 10**18


def test_a_decided_outcome_cannot_be_changed():
    outcome = decide(make_tally("60", "40"), make_rule())

    with pytest.raises(AttributeError):
        outcome.status = "rejected"  # type: ignore[misc]
    assert isinstance(outcome, Outcome)
