"""Voting power: what somebody's tokens count, said once for everybody who counts them.

What is held and what is staked is each multiplied by its weight and cut to 18 places, then added.
The database does it: its numeric is exact. These are texts for SQL, with ``weights()`` for their
parameters, over rows that have the columns ``balance`` and ``staked_balance``.
"""

from __future__ import annotations

from decimal import Decimal

from dao_portal.core.db.base import AMOUNT_PLACES
from dao_portal.core.options import read_options

OWN = f"trunc(balance * %(balance_weight)s, {AMOUNT_PLACES})"
STAKED = f"trunc(staked_balance * %(staked_weight)s, {AMOUNT_PLACES})"
POWER = f"({OWN} + {STAKED})"
WEIGHTS = {"balance_weight": "power.balance_weight", "staked_weight": "power.staked_weight"}


def weights() -> dict[str, Decimal]:
    """The weights that stand in the database, not those that this process remembers.

    Whoever counted by weights that were changed a moment ago would write what nobody recounts.
    """
    stored = read_options(*WEIGHTS.values())
    return {name: stored[key] for name, key in WEIGHTS.items()}
