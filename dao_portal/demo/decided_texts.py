"""The demo's history: one proposal that expired, one that was rejected, one that passed."""

from .texts import Crowd, Decided, Said, Text

DECIDED = (
    Decided(
        closed_days_ago=37,
        text=Text(
            slug="retire-staking",
            author="wren",
            title="Retire the legacy staking contract",
            body="""
## What this asks for

Agree that the old staking contract is **no longer supported**, and that the guide to leave it is
moved to the top of the handbook.

## Why

Nine members still stake there. It has earned nothing for eight months, and every release of the
portal is tested against it all the same.

## What members have to do

1. Withdraw from the old contract. There is no waiting time.
2. Stake again in the current one.

The two steps together take about five minutes and cost one network fee each.
""",
            said=(
                Said("tomo", "yes", "Agreed, it is dead."),
                Said("ada", "yes"),
                Said("oskar", "no", "I am one of the nine. Give us three more months."),
                Said("linh", "abstain"),
            ),
            crowd=Crowd(turnout=30, yes=84, no=8, below=60_000),
        ),
    ),
    Decided(
        closed_days_ago=24,
        text=Text(
            slug="lisbon-meetup",
            author="sam",
            title="Sponsor the Lisbon community meetup",
            body="""
## What this asks for

**18,000 DPT** as main sponsor of a two-day meetup in Lisbon next season.

| Item | Cost |
|---|---|
| Venue, two days | 7,500 DPT |
| Food and coffee for 120 | 5,200 DPT |
| Travel help for 20 members | 4,000 DPT |
| Recording and captions | 1,300 DPT |

## Why

Eighty people came last year. Six of the season-one grant teams met there, and two of our five
signers.

## What we get

Our name on the door, two talks, and recordings with captions under a free licence.
""",
            said=(
                Said(
                    "mira",
                    "no",
                    "I like the meetup. 18,000 in one payment, with no report, I do not.",
                ),
                Said(
                    "idris",
                    "no",
                    "If there is no way to stop a payment half-way, expect a no from me.",
                ),
                Said("lena", "yes", "Half of the people I work with here I first met there."),
                Said("tomo", "yes"),
                Said("ada", "abstain", "I hold a ticket."),
                Said("rafael", "yes", "Born there. Come, I will show you the tiles."),
            ),
            crowd=Crowd(turnout=62, yes=64, no=28),
        ),
    ),
    Decided(
        closed_days_ago=17,
        text=Text(
            slug="monthly-statements",
            author="lena",
            title="Publish treasury statements every month",
            body="""
## What this asks for

The treasurers publish a statement **within ten days of the end of each month**: what came in, what
went out, to whom and for which decision, and what is left of each token.

## Why

The last statement is five months old. Nothing in it was wrong, and nobody could have known.

## What a statement holds

- opening and closing balance of each token;
- every movement, with its transaction hash;
- for each payment, the number of the proposal that decided it;
- what has been decided and is not paid yet.

## When

The first one covers the month in which this vote closes. A statement that is late is announced on
the day on which it was due.
""",
            said=(
                Said("mira", "yes", "Overdue. The grants council will use the same form."),
                Said("idris", "yes", "Movements with hashes, payments with numbers. Thank you."),
                Said("tomo", "yes"),
                Said("ada", "yes", "I would have read the last five."),
                Said("viktor", "no", "Quarterly is enough, and kinder to the treasurers."),
                Said("rae", "abstain", "I will be writing them either way."),
            ),
            crowd=Crowd(turnout=68, yes=93, no=4),
        ),
    ),
)
