"""How often a member can do a thing. Counted in the database, so that nothing outruns it.

Each member has one row for each act. It is written in the transaction of the act itself: requests
at the same moment queue for it, and an act that fails in the end was not counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, models, transaction

from .errors import DomainError
from .formats import spell_distance
from .options import get_option

COUNT_SQL = """
    INSERT INTO brakes AS brake (user_id, act, since, count)
    VALUES (%(member)s, %(act)s, clock_timestamp(), 1)
    ON CONFLICT (user_id, act) DO UPDATE SET
        since = CASE WHEN brake.since + %(within)s > clock_timestamp()
            THEN brake.since ELSE clock_timestamp() END,
        count = CASE WHEN brake.since + %(within)s > clock_timestamp()
            THEN brake.count + 1 ELSE 1 END,
        updated_at = now()
    RETURNING count, since + %(within)s - clock_timestamp()
"""


class TooOften(DomainError):
    """A brake is on. The words say for how long."""


@dataclass(frozen=True)
class Limit:
    """At most as many acts as ``option`` says ``within`` a time that begins with the first.

    ``words`` says so to a member: ngettext_lazy with ``%(n)s``, the most, and ``%(wait)s``, how
    long until the next.
    """

    option: str
    within: timedelta
    words: Any

    def count(self, member: models.Model) -> None:
        """Count one more act of ``member``, in the transaction of the act. Raises TooOften.

        Locks the member's row for this act until the transaction ends.
        """
        if not transaction.get_connection().in_atomic_block:
            raise RuntimeError("count() belongs inside the transaction of the act")
        act = self.option.partition(".")[2].partition("_per_")[0]
        with connection.cursor() as cursor:
            values: Any = {"member": member.pk, "act": act, "within": self.within}
            cursor.execute(COUNT_SQL, values)
            count, wait = cursor.fetchone()
        most: int = get_option(self.option)
        if count > most:
            raise TooOften(self.words % {"n": most, "wait": spell_distance(wait)})
