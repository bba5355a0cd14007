"""What some members of the demo say about themselves. Links lead to example domains only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """A member's profile."""

    bio: str
    website: str = ""
    twitter: str = ""
    discord: str = ""
    telegram: str = ""


PROFILES = {
    "ada": About(
        "Translator and node operator in Lagos. I read every proposal **twice**: once in English, "
        "and once as somebody who does not speak it.",
        website="https://ada.example/",
        discord="ada.okafor",
    ),
    "mira": About(
        """
I run the **grants council**: 31 teams in season one.

- Write to me *before* you apply. Ten minutes then save us both a week.
- When I vote no, I say why. When I vote yes, I read the report.
""".strip(),
        website="https://grants.commons.example/",
        telegram="mira_castellanos",
    ),
    "tomo": About(
        "Looks after the payout job and the test network. If a batch is late, I knew before you "
        "did, and I am probably already on it.",
        website="https://tomo.example/",
        discord="tomo",
    ),
    "grace": About(
        "Moderator. I remove little and explain what I remove. Librarian by day.",
        discord="grace.lindholm",
    ),
    "alan": About("Keeps the portal running. Please report what is broken; I like to know."),
    "idris": About(
        "I read ledgers for pleasure. Ask me why a payment was made, and if I cannot tell you, "
        "that is a proposal.",
        website="https://idris.example/ledger/",
    ),
    "lena": About(
        "Treasury signer in Brno. Wrote the rule for monthly statements, and is now made to "
        "live by it.",
        website="https://lena.example/",
        twitter="lena_novak_example",
    ),
    "priya": About(
        "Accountant in Pune. Found *the* double entry. In favour of caps, tranches and lunch.",
    ),
    "sam": About(
        "Organises the Lisbon meetup, and was once a grant team of one. Come and say hello.",
        website="https://meetup.commons.example/",
    ),
    "leila": About("Two nodes, one handbook, many opinions about commas."),
    "rae": About("Three years a treasury signer, which is long enough. Ask me how a key is kept."),
}
