"""What members say to each other about the demo's proposals, by the slug of the proposal."""

from .texts import Remark

BUILDERS_GRANTS = (
    Remark(
        "priya",
        """
I am in favour of a second season, and I still have one worry: **nothing limits what one team gets
in total.** A team with four small grants got 41,000 DPT in season one. Each of the four was fine.
Nobody had looked at them together.

Would you add a cap per team, say 25,000 DPT a season?
""",
        liked_by=("idris", "jonas", "viktor", "hana", "ravi", "dimitra"),
        answers=(
            Remark(
                "mira",
                """
You are right that nobody looked at them together, and that was my part to do.

I would rather not touch the text days before the vote, but the council's own rules can change. I
have put this to the other four:

1. Applications of the same people are judged as one.
2. Above 20,000 DPT in a season, all five must agree, and the reason is published.

Would that answer it?
""",
                liked_by=("lena", "priya", "sam", "leila", "tendai"),
                answers=(
                    Remark(
                        "priya",
                        """
Better than my cap, to be honest: a number would only teach people to apply under two names. Once I
have read it **in the council's published notes**, my no becomes a yes.
""",
                        liked_by=("mira", "lena", "wren"),
                        answers=(
                            Remark(
                                "rae",
                                "Speaking for the other four: confirmed on this morning's call. "
                                "It goes into the notes of this week.",
                                liked_by=("priya", "mira", "amara", "kofi"),
                            ),
                        ),
                    ),
                    Remark(
                        "viktor",
                        "And who finds out that two applications come from the same people?",
                        answers=(
                            Remark(
                                "mira",
                                "We ask, on the form. Whoever hides it loses the next tranche: "
                                "that has been in the terms since season one.",
                                liked_by=("viktor",),
                            ),
                        ),
                    ),
                ),
            ),
        ),
    ),
    Remark(
        "jonas",
        """
> Season one funded 31 teams, and 24 of them shipped.

I count 22. The calendar sync and the badge printer both stopped at a prototype, and their pages say
so. It does not change the argument, only the figure.
""",
        liked_by=("idris", "priya", "emil"),
        answers=(
            Remark(
                "lena",
                """
The badge printer *did* ship: I stood in the queue for it in Lisbon. The calendar sync did not. So
it is **23**, and the report should say so.
""",
                liked_by=("sam", "jonas", "rafael", "pilar"),
                answers=(
                    Remark(
                        "jonas",
                        "Then I was half right, which is about my average. Thank you for checking.",
                        liked_by=("lena", "mira", "anneke", "thandiwe", "sinead"),
                    ),
                ),
            ),
        ),
    ),
    Remark(
        "kwame",
        """
A question from somebody who has never applied: can a team of **one** apply? The form asks for "the
names of the members", and I nearly closed it there.
""",
        liked_by=("yara", "lerato"),
        answers=(
            Remark(
                "sam",
                "Yes! I was a team of one. Write your own name twice if the form complains; "
                "mine did.",
                liked_by=("kwame", "yara", "bao"),
            ),
            Remark(
                "mira",
                "Nine of the 31 were one person. I will have the wording changed: *who takes "
                "part, yourself included*.",
                liked_by=("kwame", "noor", "petra"),
            ),
        ),
    ),
    Remark(
        "anneke",
        """
For whoever reads only the end: what makes me vote yes is that the **second and third tranche need a
report first**. If season two disappoints us, it costs 80,000 DPT, not 240,000.
""",
        liked_by=("priya", "rae", "leila", "esther", "talia", "gustavo", "irina"),
    ),
)

WEEKLY_REWARDS = (
    Remark(
        "viktor",
        """
Every payout is a taxable event where I live. Twelve a year I can do by hand; fifty-two I cannot.
Could those who want it stay **monthly**?
""",
        liked_by=("hana", "zofia"),
        answers=(
            Remark(
                "tomo",
                """
Two rhythms would mean two batches that have to agree, and that is the part I would rather not
write. What I can do is an export: one file a year, with date, amount and rate for each payout, in
the columns that tax programs import.

Send me a form of yours with the figures blacked out and I will test against it.
""",
                liked_by=("leila", "idris", "zofia", "oskar"),
                answers=(
                    Remark(
                        "viktor",
                        "Sent. If that file works I withdraw the grumbling, though maybe not "
                        "the vote.",
                        liked_by=("tomo", "leila", "aroha"),
                    ),
                ),
            ),
        ),
    ),
    Remark(
        "soomin",
        """
What happens in a week in which a node earned less than the fee, which is about `0.06 DPT` per
payout? Is it carried over, or lost?
""",
        liked_by=("ravi",),
        answers=(
            Remark(
                "tomo",
                "Carried over until it is worth ten times the fee. That should have been in the "
                "text. Thank you.",
                liked_by=("soomin", "idris", "mehmet"),
            ),
        ),
    ),
    Remark(
        "leila",
        """
To put a face on "small operators": my two nodes cost 38 a month, due on the 20th. The reward comes
on the 1st. For eleven days of each month I lend the community money, and I am one of those who can.
""",
        liked_by=("tomo", "aroha", "chidi", "farah", "ingrid", "tariq"),
    ),
)

RETIRE_STAKING = (
    Remark(
        "oskar",
        "It is not that I love the old contract. My key is in a drawer 900 km from here, and I "
        "am back in spring.",
        liked_by=("linh",),
        answers=(
            Remark(
                "wren",
                """
Nothing is switched off: your stake stays where it is, and you can withdraw whenever you like. We
only stop *testing* against it. I should have said that in the first line.
""",
                liked_by=("oskar", "tomo"),
            ),
        ),
    ),
)

LISBON_MEETUP = (
    Remark(
        "idris",
        "Could this come as two payments, the second one after the accounts of the first day?",
        liked_by=("mira", "priya", "jonas"),
        answers=(
            Remark(
                "sam",
                """
The venue wants everything in advance, so I cannot promise that. But I take the point. If this does
not pass, I will come back with **9,000 DPT for venue and captions only**, and find a second sponsor
for the rest.
""",
                liked_by=("mira", "idris", "lena", "rafael"),
                answers=(
                    Remark(
                        "mira",
                        "That one would have my yes. I will help you look for the second sponsor.",
                        liked_by=("sam", "lena"),
                    ),
                ),
            ),
        ),
    ),
)

MONTHLY_STATEMENTS = (
    Remark(
        "viktor",
        "Ten days is short. With quarterly statements we would get better ones.",
        answers=(
            Remark(
                "lena",
                """
Perhaps. But an error that is found after three months is hard to mend, and one from last week is a
message. Let us try six months; if the treasurers groan, I will propose quarterly **myself**.
""",
                liked_by=("idris", "rae", "viktor", "ada"),
            ),
        ),
    ),
    Remark(
        "rae",
        "For the record, as the one who will write them: ten days are enough if payments name "
        "their proposal. Please do name it.",
        liked_by=("lena", "idris", "priya", "mira"),
    ),
)

DISCUSSIONS: dict[str, tuple[Remark, ...]] = {
    "builders-grants": BUILDERS_GRANTS,
    "weekly-rewards": WEEKLY_REWARDS,
    "retire-staking": RETIRE_STAKING,
    "lisbon-meetup": LISBON_MEETUP,
    "monthly-statements": MONTHLY_STATEMENTS,
}
