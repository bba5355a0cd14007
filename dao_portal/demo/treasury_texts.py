"""What the demo's treasury has, gets and pays."""

from __future__ import annotations

from dataclasses import dataclass

# Symbol, name, description. The portal does not know their supply.
TOKENS = (
    ("ETH", "Ether", "Pays the fees of the network, and what has to be paid in it."),
    ("USDC", "USD Coin", "For bills in dollars: hosting, law, translations."),
)

# Per currency: the smallest week, and the step between one week and a better one.
FEES = {
    "DPT": ("5200", "180.5"),
    "ETH": ("2.1", "0.0625"),
    "USDC": ("8400", "312.25"),
}


@dataclass(frozen=True)
class Deposit:
    """What came in once."""

    days_ago: int
    currency: str
    amount: str
    party: str
    description: str


@dataclass(frozen=True)
class Payment:
    """What went out: to ``party`` outside, or back to a ``member``.

    ``decided_in`` is the slug of the demo's decided proposal behind it.
    """

    days_ago: int
    currency: str
    amount: str
    party: str
    description: str
    member: str = ""
    decided_in: str = ""
    status: str = "confirmed"


DEPOSITS = (
    Deposit(372, "DPT", "3820000", "Founding treasury", "Moved in from the old multisig"),
    Deposit(372, "ETH", "308.25", "Founding treasury", "Moved in from the old multisig"),
    Deposit(372, "USDC", "825000", "Founding treasury", "Moved in from the old multisig"),
    Deposit(203, "DPT", "150000", "Node operators' guild", "Contribution for the year"),
    Deposit(203, "USDC", "60000", "Node operators' guild", "Contribution for the year"),
)

GRANTS = "Grants council"
HOSTING = "Open Hosting Co-op"
LAW = "Nkosi Legal"
TRANSLATORS = "Translators"
OPERATORS = "Node operators"

PAYMENTS = (
    # the first season of grants, and what its last tranche left over
    Payment(341, "DPT", "80000", GRANTS, "Season one, tranche 1 of 3"),
    Payment(276, "DPT", "80000", GRANTS, "Season one, tranche 2 of 3"),
    Payment(214, "DPT", "80000", GRANTS, "Season one, tranche 3 of 3"),
    Payment(187, "ETH", "18.5", GRANTS, "Audit of the wallet-recovery kit"),
    # rewards, about one a month; the largest is the one that is talked of in the proposals
    Payment(352, "DPT", "46200", OPERATORS, "Rewards of the month"),
    Payment(321, "DPT", "47950", OPERATORS, "Rewards of the month"),
    Payment(291, "DPT", "49310.5", OPERATORS, "Rewards of the month"),
    Payment(260, "DPT", "51080", OPERATORS, "Rewards of the month"),
    Payment(230, "DPT", "52600", OPERATORS, "Rewards of the month"),
    Payment(199, "DPT", "54025.25", OPERATORS, "Rewards of the month"),
    Payment(169, "DPT", "55400", OPERATORS, "Rewards of the month"),
    Payment(138, "DPT", "61400", OPERATORS, "Rewards of the month"),
    Payment(108, "DPT", "57120", OPERATORS, "Rewards of the month"),
    Payment(77, "DPT", "58340", OPERATORS, "Rewards of the month"),
    Payment(47, "DPT", "59015", OPERATORS, "Rewards of the month"),
    Payment(16, "DPT", "60230", OPERATORS, "Rewards of the month"),
    # servers, a quarter in advance
    Payment(335, "USDC", "31200", HOSTING, "Servers, first quarter"),
    Payment(244, "USDC", "31200", HOSTING, "Servers, second quarter"),
    Payment(153, "USDC", "32850", HOSTING, "Servers, third quarter"),
    Payment(62, "USDC", "32850", HOSTING, "Servers, fourth quarter"),
    Payment(
        11,
        "USDC",
        "1450",
        HOSTING,
        "A plain page for the monthly statements",
        decided_in="monthly-statements",
    ),
    # law
    Payment(298, "USDC", "24500", LAW, "Opinion on the members' agreement"),
    Payment(122, "USDC", "38000", LAW, "Registration of the association"),
    Payment(34, "USDC", "12400", LAW, "Review of the signers' terms", status="failed"),
    Payment(33, "USDC", "12400", LAW, "Review of the signers' terms, paid again"),
    Payment(86, "ETH", "6.25", LAW, "Notary and stamps, in ether"),
    # words
    Payment(305, "USDC", "7200", TRANSLATORS, "Handbook in Portuguese"),
    Payment(181, "USDC", "6900", TRANSLATORS, "Handbook in Vietnamese"),
    Payment(58, "DPT", "4100", TRANSLATORS, "Handbook in Hindi, first half"),
    Payment(1, "DPT", "4100", TRANSLATORS, "Handbook in Hindi, second half", status="pending"),
    # back to a member who had paid for the community
    Payment(9, "DPT", "120", "", "Two hardware keys for the practice day, refunded", member="rae"),
)
