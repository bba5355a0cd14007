"""What the large community says. Few texts, often repeated: each becomes HTML only once."""

from accounts.models import User

from ..people import PEOPLE

FIRST_NAMES = sorted({person.name.partition(" ")[0] for person in PEOPLE})
# Nobody is called like a moderator or administrator.
LAST_NAMES = sorted(
    {person.name.partition(" ")[2] for person in PEOPLE if person.role == User.Role.USER}
)

BIOS = (
    "",
    "Votes on everything, **comments on little**.",
    "Joined for the grants, stayed for the statements.",
    "Runs a node in the cellar. The cat keeps it warm.",
    "Translator, mostly from Portuguese. *Ask me about the handbook.*",
    "Here for the garden project and for nothing else.",
    "Accountant. I read the treasury's statements so that you need not.",
    "I build small tools:\n\n- a calendar\n- a badge printer\n- one more calendar",
    "Teaches in the mornings, moderates in the evenings.",
    "New here. Tell me where to begin!",
)

FEE = "Membership fee"
DEPOSITS = (
    "From my own wallet",
    "Reward for running a node",
    "Bought at the meetup",
    "A grant, second half",
)
WITHDRAWAL = "To my own wallet"

REASONS = (
    "It costs little and can be undone.",
    "I would rather wait for the next statement.",
    "We said so last year, and it is still right.",
    "Somebody has to begin.",
    "The numbers convince me; the text does not.",
    "I know the people who would do it.",
    "Too much for one season.",
)

# A title is one of each: "Renew the servers for a year".
VERBS = (
    "Renew",
    "Fund",
    "Pause",
    "Extend",
    "Review",
    "Publish",
    "Simplify",
    "Translate",
    "Open up",
    "Share",
)
THINGS = (
    "the contract with the host",
    "the builders' meetup",
    "the node operators' rewards",
    "the members' handbook",
    "the grants of the season",
    "the community calendar",
    "the badge printer",
    "the wallet-recovery guide",
    "the treasury report",
    "the moderators' rota",
    "the library of designs",
    "the test network",
    "the newcomers' hour",
)
TERMS = (
    "for a year",
    "for a quarter",
    "until the summer",
    "with a smaller budget",
    "with two more people",
    "in three steps",
    "as a trial",
)

SUMMARIES = (
    (
        "We have talked about this on three calls. This text asks for a decision, so that those "
        "who would do the work can plan it."
    ),
    (
        "Last year's decision runs out at the end of the month. Without a new one, everything that "
        "depends on it stops."
    ),
    (
        "Forty members asked for this in the discussion of spring. It is small enough to try and "
        "large enough to need a vote."
    ),
)
PLANS = (
    (
        "1. Agree on who does it, in the week after the vote.\n"
        "2. Report once a month, in public.\n"
        "3. Stop when two reports in a row say that it does not help."
    ),
    (
        "| Step | Cost | Done by |\n|---|---|---|\n| Draft | 400 DPT | the editors |\n"
        "| Trial | 1,200 DPT | three volunteers |\n| Report | 150 DPT | the editors |"
    ),
    (
        "- It begins in the month after the vote.\n- Nobody does it alone: there are always two.\n"
        "- What is left of the budget goes back to the treasury."
    ),
)
COSTS = (
    "Nothing beyond the time of those who do it.",
    "**2,400 DPT**, paid in two halves: the second half needs a report first.",
    "**900 DPT** a month. Last year it was 950 DPT, and 870 DPT the year before.",
    "**5,000 DPT** at most. What is not spent by the end of the term comes back.",
)

COMMENTS = (
    "In favour.",
    "Against, for the reason that was given last year.",
    "Could somebody explain **what happens if it fails**? The text stops just before that.",
    (
        "I did the same for another community. It took *twice as long* as planned, and it was "
        "worth it."
    ),
    "> It costs little.\n\nLittle for whom? Put the sum beside it, please.",
    (
        "Three questions:\n\n1. Who decides in the end?\n2. Who pays if it takes longer?\n"
        "3. Can it be undone?"
    ),
    "Thank you for writing this down. I had it in my head for a year and never found the words.",
    (
        "Read the [handbook](https://handbook.commons.example/) before you vote: the rule is older "
        "than most of us."
    ),
    "I changed my mind after the call on Tuesday, and my vote with it.",
    "The table has a mistake: the second line should be `1,200`, not `12,000`.",
    "Yes to the first half, no to the second. Is there a way to vote on them **apart**?",
    "Seconded.",
    "We should not decide this in a holiday week.",
    "- It helps newcomers.\n- It costs old hands an hour a month.\n\nI can live with that.",
    "That is what I meant. You said it better.",
    "No. And I say that as somebody who would profit from it.",
    "What would you do instead? I ask because I want to know, not to win.",
    "Noted; it goes into the next version of the text.",
)
