"""Two of these are always open for voting; when all were used, the first comes again."""

from .texts import Crowd, Said, Text

BUILDERS_GRANTS = Text(
    slug="builders-grants",
    author="mira",
    title="Fund a second season of builders' grants",
    days=9,
    body="""
## What this asks for

Release **240,000 DPT** from the community treasury to run a second season of the builders' grants
programme, for six months. The money goes out in three tranches, each released only after a public
report.

## Why now

Season one funded 31 teams, and 24 of them shipped. The wallet-recovery kit and the delegate
dashboard, which most of us use every week, both started as grants of under 8,000 DPT. Without a
decision this quarter, the programme pauses and its council dissolves.

| Tranche | Amount | Released when |
|---|---|---|
| 1 | 80,000 DPT | This proposal passes |
| 2 | 80,000 DPT | The report on month two is published |
| 3 | 80,000 DPT | The report on month four is published |

## What happens if it passes

1. The grants council of five is confirmed for six months.
2. Applications open two weeks after the vote and close four weeks later.
3. Unspent funds return to the treasury at the end of month six.

## What it does not do

It does not raise the ceiling for a single grant, which stays at 15,000 DPT, and it does not pay
the council: those seats are voluntary, as they were in season one.
""",
    said=(
        Said("lena", "yes", "Season one paid for itself in tooling alone."),
        Said("priya", "no", "Three tranches are good. I want a cap per team before I say yes."),
        Said("rae", "abstain", "I sat on the council, so I am abstaining."),
        Said("sam", "yes", "Two of the meetup tools we rely on came out of this."),
        Said("jonas", "no", "Shorter seasons, smaller budgets. I would vote for half of it."),
        Said("anneke", "yes", "Reports before money: that is the part that makes it safe to try."),
    ),
    # Just short of the quorum: one of the visitor's larger accounts decides it.
    crowd=Crowd(turnout=80, yes=72, no=18, below=20_000),
)

WEEKLY_REWARDS = Text(
    slug="weekly-rewards",
    author="tomo",
    title="Move validator rewards to a weekly payout",
    days=12,
    body="""
## Summary

Pay validator rewards **every Monday** instead of on the first day of the month. The amount does not
change; only the rhythm does.

## Why

- Small operators carry a month of hosting bills before they see a reward. Four of them left this
  year and named that as the reason.
- A monthly run moves one large sum in one batch. A mistake in it is a large mistake.
- The payout job takes eleven minutes and needs nobody, so running it four times costs next to
  nothing.

## What changes

| | Today | If this passes |
|---|---|---|
| Rhythm | 1st of the month | Mondays, 06:00 UTC |
| Batches a year | 12 | 52 |
| Largest batch so far | 61,400 DPT | about 14,200 DPT |
| Fees a year | 36 DPT | 156 DPT |

## What could go wrong

A week with a holiday in it still pays on Monday: the job does not wait for people. If a run fails,
the operators' channel is told within a minute and the same batch is tried again; the ledger refuses
to pay one batch twice.

## When

The first weekly payout would be on the second Monday after this vote closes. The months before it
are paid in the old way.
""",
    said=(
        Said("idris", "yes", "Smaller batches are easier to check. I read every one of them."),
        Said(
            "leila", "yes", "I run two nodes. This is the difference between staying and leaving."
        ),
        Said("viktor", "no", "Fifty-two reports to file for tax instead of twelve. Please, no."),
        Said("aroha", "yes"),
        Said("hana", "abstain", "No view on the rhythm. Thank you for the table of fees."),
    ),
    crowd=Crowd(turnout=44, yes=80, no=12),
    absent=("lena", "priya", "jonas"),
)

SIGNER_ROTATION = Text(
    slug="signer-rotation",
    author="lena",
    title="Rotate the treasury signers every twelve months",
    days=10,
    body="""
## What this asks for

A treasury signer serves **twelve months** and may serve again after a pause of one term. Today a
signer serves until they ask to leave, and the longest has now served for three years.

## Why

1. Keys age. A laptop that was new in the first year is not new in the third.
2. Knowledge spreads. Five members know how a withdrawal is checked; ten would be better.
3. Leaving becomes ordinary, so nobody has to find a reason.

## How it works

- Two of the five seats change every six months, so that three experienced signers remain.
- Each seat is filled by a vote like this one.
- The outgoing signer stays reachable for 30 days, without a key.

## Cost

One hardware key for each new signer, about 60 DPT, and an afternoon of practice on the test
network.
""",
    said=(
        Said("rae", "yes", "I am the one with three years. It is time, and it should be a rule."),
        Said("idris", "yes", "Yes, as long as three of five always stay."),
        Said("jonas", "no", "A pause of a whole term will cost us people who do this well."),
    ),
    crowd=Crowd(turnout=40, yes=80, no=12),
    absent=("priya",),
)

OPEN_ACCOUNTS_DAY = Text(
    slug="open-accounts-day",
    author="priya",
    title="Hold an open accounts day twice a year",
    days=11,
    body="""
## Summary

Twice a year, on a Saturday, the treasurers walk through the books in a call that anyone may join:
**every movement above 5,000 DPT**, what it bought, and what is planned until the next one.

## Why

Monthly statements tell *what* was paid. They do not answer questions. Last year 140 questions about
payments were asked in eleven different places, and 38 of them were never answered anywhere.

## How it would run

| Part | Length |
|---|---|
| The half year in ten figures | 20 minutes |
| Every large movement, in order | 40 minutes |
| Questions sent in before | 40 minutes |
| Questions from the call | 20 minutes |

A written record with every answer is published within a week.

## Cost

None from the treasury. Two treasurers give a day each to prepare.
""",
    said=(
        Said("lena", "yes", "I will take the minutes of the first one."),
        Said("sam", "yes"),
        Said("mateo", "abstain", "Saturday is market day here. I would join the recording."),
    ),
    crowd=Crowd(turnout=42, yes=85, no=6),
    absent=("idris",),
)

CAPTIONED_CALLS = Text(
    slug="captioned-calls",
    author="jonas",
    title="Record and caption every community call",
    days=9,
    body="""
## What this asks for

**3,900 DPT** a year to record the fortnightly community call, caption it, and publish both within
two days.

## Why

- The call is at 15:00 UTC. For 19 of us that is the middle of the night.
- Four members read captions because they cannot hear the call, and ask for nothing else.
- A decision that was talked through in a call can be quoted only by those who were there.

## What it buys

| Item | A year |
|---|---|
| Captions, corrected by a person | 3,120 DPT |
| Storage and a plain page to find them | 780 DPT |

## Limits

Whoever does not want to be recorded says so at the start, and is cut out. Recordings are kept for
three years.
""",
    said=(
        Said("keola", "yes", "It is five in the morning here. Yes, please."),
        Said("idris", "no", "Captions yes, recordings no. People speak less when it is kept."),
        Said("wren", "yes"),
        Said("kira", "yes", "Corrected by a person: that is what makes them worth reading."),
    ),
    crowd=Crowd(turnout=46, yes=72, no=18),
)

TEST_NETWORK = Text(
    slug="test-network",
    author="tomo",
    title="Keep the test network running for another year",
    days=10,
    body="""
## Summary

Pay for the public test network for one more year: three small servers and one domain,
**9,600 DPT** in twelve monthly parts.

## Who uses it

In the last month: 74 different people, 11 of the 24 season-one grant teams, and every upgrade of
the staking contract before it went live.

## If it does not pass

The network stops at the end of the quarter. Teams can run a private one with the same scripts; that
takes about an hour, and nobody else sees the result.

## Accounts

Bills are published with the monthly statement. What is left at the end goes back to the treasury.
""",
    said=(
        Said("soomin", "yes", "Found two bugs there last season, before they cost anything."),
        Said("priya", "yes", "A small sum, paid monthly, with bills. More like this, please."),
        Said("viktor", "abstain"),
    ),
    crowd=Crowd(turnout=40, yes=84, no=8),
    absent=("idris",),
)

OPEN_TEXTS = (
    BUILDERS_GRANTS,
    WEEKLY_REWARDS,
    SIGNER_ROTATION,
    OPEN_ACCOUNTS_DAY,
    CAPTIONED_CALLS,
    TEST_NETWORK,
)
