"""What treasury does: one verb a function. Doors call these and nothing below them."""

from .holders import HolderLine, HoldersImported, give_waiting_holdings, import_holders
from .holdings import recount_power, set_holding

__all__ = [
    "HolderLine",
    "HoldersImported",
    "give_waiting_holdings",
    "import_holders",
    "recount_power",
    "set_holding",
]
