"""What has not opened yet: one of these is always upcoming, and one is a draft of ada's."""

from .texts import Crowd, Said, Text

UPCOMING_TEXTS = (
    Text(
        slug="appoint-signer",
        author="idris",
        title="Appoint Priya Raman as treasury signer",
        body="""
## What this asks for

Appoint **Priya Raman** to the free seat among the five treasury signers, for twelve months.

## Why Priya

- Accountant by profession, and a member since the first year.
- Has checked every statement that was ever published, and found the one double entry.
- Is in a time zone that none of the other four covers.

## What a signer does

A signer checks each withdrawal against the decision behind it, approves it with a hardware key, and
answers questions about it in public. Three of the five have to approve.

## If it passes

Priya gets a key in the week after the vote, signs on the test network first, and then replaces the
key that was retired last quarter.
""",
        said=(
            Said("lena", "yes", "Has done the work of a signer for months, without the key."),
            Said("jonas", "yes"),
        ),
        crowd=Crowd(turnout=38, yes=90, no=4),
        absent=("priya",),
    ),
    Text(
        slug="quiet-week",
        author="wren",
        title="No votes close in the last week of the year",
        body="""
## Summary

No voting window may **end** between 24 December and 2 January. Votes that are under way in that
week run on until 3 January.

## Why

Turnout in that week was 6 % last year and 7 % the year before, against 31 % in an ordinary week.
Two proposals expired then and passed with ease when they were tried again in January.

## What it costs

At most ten days of delay, once a year.
""",
        said=(Said("talia", "yes", "Please. I missed both of those."),),
        crowd=Crowd(turnout=36, yes=82, no=10),
    ),
    Text(
        slug="handbook-editors",
        author="leila",
        title="Name three editors for the handbook",
        body="""
## What this asks for

Three editors who may change the handbook without asking first, named for a year: **Elif Petrov**,
**Tendai Moyo** and **Ximena Salas**.

## Why

A correction to the handbook waits 19 days on average, because it needs two reviews and nobody is
asked to give them. Most corrections are one sentence.

## Limits

- Editors correct and clarify. They do not change a rule.
- Every change is listed, with its reason, at the end of the week.
- Any member can ask for a change to be taken back; then it is, and we talk.
""",
        said=(Said("anneke", "yes"),),
        crowd=Crowd(turnout=35, yes=86, no=6),
        absent=("elif", "tendai", "ximena"),
    ),
)

DRAFT = Text(
    slug="handbook-translation",
    author="ada",
    title="Translate the handbook into Spanish and Yoruba",
    body="""
## What this asks for

**6,400 DPT** for two translations of the members' handbook, Spanish and Yoruba, and for keeping
them in step with the English one for a year.

## Why these two

Of the 61 of us, 12 would rather read Spanish and 7 Yoruba. In both groups, fewer than one in three
voted last quarter; among the rest it is more than half.

| | Words | Translation | Review | Upkeep for a year |
|---|---|---|---|---|
| Spanish | 21,300 | 1,900 DPT | 500 DPT | 800 DPT |
| Yoruba | 21,300 | 1,900 DPT | 500 DPT | 800 DPT |

## Who does the work

1. Two translators each, paid by the word.
2. One reviewer each who has not seen the English text first.
3. A member who reads both and signs it off.
""",
)
