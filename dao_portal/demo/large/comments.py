"""Discussions: threads over all proposals, one of them very long; texts become HTML once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from dao_portal.core.db.base import database_now
from dao_portal.core.markdown import render_markdown
from social.models import Comment

from .members import CHANCE
from .proposals import chance, load_proposals
from .texts import COMMENTS

CHUNK = 50_000
LONGEST = 10_000  # comments in the long thread, when there are twice as many
MAX_LIKES = 5
CIRCLE = 300  # members among whom a conversation is held

# What each comment of a conversation answers: its place in it, or nothing.
SHAPE = (
    *(None, 0, 1, 1, 3, 4, 0),
    *(None, None, 8, None, 10, 11, 12, 11),
    *(None, None, 16, 16, None),
)

TALK = """
CREATE TEMPORARY TABLE talk (n bigint, proposal_id uuid, moment timestamptz, conversation bigint,
                             place int, answers int) ON COMMIT DROP
"""
COPY_TALK = "COPY talk (n, proposal_id, moment, conversation, place, answers) FROM STDIN"
# Whoever talks with each other joined about the same time: so their rows lie together.
SAID = """
CREATE TEMPORARY TABLE said ON COMMIT DROP AS
SELECT talk.*, author, users.id AS user_id, uuidv7(moment - clock_timestamp()) AS id,
       1 + floor(pg_temp.chance(n, 24) * %(texts)s)::int AS text,
       least(%(members)s - 1,
             CASE WHEN pg_temp.chance(n, 25) < 0.75 THEN 0
                  WHEN pg_temp.chance(n, 25) < 0.90 THEN 1
                  WHEN pg_temp.chance(n, 25) < 0.95 THEN 2 ELSE %(most_likes)s END) AS reactions
FROM talk
CROSS JOIN LATERAL (
    SELECT 1 + floor(pg_temp.chance(conversation, 21) * %(members)s
                     + pg_temp.chance(n, 22) * %(circle)s)::bigint %% %(members)s AS author
) AS lot
JOIN users ON users.username = 'm' || lpad(author::text, 7, '0')
"""
# Those who like a comment are its author's neighbours: nobody twice, and never the author.
LIKED = """
CREATE TEMPORARY TABLE liked ON COMMIT DROP AS
SELECT proposal_id, said.id AS comment_id, users.id AS user_id, moment,
       CASE WHEN pg_temp.chance(n * %(most_likes)s + turn, 26) < 0.1 THEN -1 ELSE 1 END AS kind
FROM said
CROSS JOIN LATERAL generate_series(1, reactions) AS turn
JOIN users ON users.username
     = 'm' || lpad(((author + turn - 1) %% %(members)s + 1)::text, 7, '0')
"""
# Reactions come before their comments, as their key, checked at the end, allows: so each comment
# is written once, with its counts, instead of again by the trigger for each of them.
WRITE_REACTIONS = """
INSERT INTO comment_reactions (created_at, proposal_id, comment_id, user_id, kind)
SELECT moment, proposal_id, comment_id, user_id, kind FROM liked
"""
WRITE_COMMENTS = """
INSERT INTO comments (id, created_at, updated_at, proposal_id, user_id, parent_id, root_id, path,
                      depth, content, content_html, likes, dislikes)
WITH RECURSIVE placed AS (
    SELECT said.*, NULL::uuid AS parent_id, id AS root_id, replace(id::text, '-', '') AS path,
           0 AS depth
    FROM said WHERE answers IS NULL
    UNION ALL
    SELECT said.*, placed.id, placed.root_id,
           placed.path || '.' || replace(said.id::text, '-', ''), placed.depth + 1
    FROM placed
    JOIN said ON said.conversation = placed.conversation AND said.answers = placed.place
)
SELECT id, moment, moment, proposal_id, user_id, parent_id, root_id, path, depth,
       (%(contents)s::text[])[text], (%(htmls)s::text[])[text],
       coalesce(likes, 0), coalesce(dislikes, 0)
FROM placed
LEFT JOIN (
    SELECT comment_id AS id, count(*) FILTER (WHERE kind = 1) AS likes,
           count(*) FILTER (WHERE kind = -1) AS dislikes
    FROM liked GROUP BY comment_id
) AS counts USING (id)
ORDER BY proposal_id, id
"""
STATEMENTS = (
    "ANALYZE talk",
    SAID,
    "ANALYZE said",
    LIKED,
    WRITE_REACTIONS,
    WRITE_COMMENTS,
    "DROP TABLE talk, said, liked",
)


@dataclass(frozen=True)
class Discussed:
    """A proposal, and from when until when it is talked about."""

    id: UUID
    since: datetime
    until: datetime


def count_comments() -> int:
    return Comment.objects.filter(proposal__in=load_proposals()).count()


def add_comments(*, members: int, total: int, progress: Callable[[int], None]) -> None:
    """Bring the comments up to ``total``, one transaction a chunk, each with its reactions."""
    here = count_comments()
    if here >= total:
        return
    values: dict[str, Any] = {
        "members": members,
        "texts": len(COMMENTS),
        "contents": list(COMMENTS),
        "htmls": [render_markdown(text) for text in COMMENTS],
        "most_likes": MAX_LIKES,
        "circle": CIRCLE,
    }
    discussed = _discussed()
    for lines in _chunks(discussed, here, total):
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(CHANCE)
            cursor.execute(TALK)
            with cursor.copy(COPY_TALK) as copy:
                for line in lines:
                    copy.write_row(line)
            for statement in STATEMENTS:
                cursor.execute(statement, values)
        progress(len(lines))


def _discussed() -> list[Discussed]:
    """All of them; the one that is opened for everybody comes first."""
    now = database_now()
    found = []
    for proposal in load_proposals().filter(published_at__isnull=False):
        assert proposal.published_at
        until = min(proposal.voting_end or now, now)
        found.append(Discussed(proposal.pk, proposal.published_at, until))
    crowd = load_proposals().open().values_list("pk", flat=True).first()
    found.sort(key=lambda discussed: discussed.id != crowd)
    return found


def _chunks(discussed: Sequence[Discussed], here: int, total: int) -> Iterator[list[Any]]:
    """The rows of ``talk``: whole conversations, the long one first and alone."""
    if not here:
        here = min(LONGEST, total // 2)
        # A thread in which every fourth comment answers the first, and the others each other.
        answers = [None, *(0 if place % 4 == 0 else (place - 1) // 4 for place in range(1, here))]
        yield list(_conversation(1, discussed[0], answers[:here]))
    for first in range(here + 1, total + 1, CHUNK):
        lines: list[Any] = []
        for number in range(first, min(first + CHUNK, total + 1), len(SHAPE)):
            # The square makes some discussions long and many short. One after the other, so that
            # the rows of a chunk lie together.
            where = int(len(discussed) * ((number - 1) / total) ** 2)
            size = min(len(SHAPE), total + 1 - number)
            lines += _conversation(number, discussed[where], SHAPE[:size])
        yield lines


def _conversation(
    number: int, where: Discussed, answers: Sequence[int | None]
) -> Iterator[tuple[Any, ...]]:
    """``answers`` as rows of ``talk``; what is answered comes before its answer."""
    begun = chance(number, "begun").random()
    for place, answered in enumerate(answers):
        through = begun + (1 - begun) * (place + 1) / (len(answers) + 1)
        moment = where.since + (where.until - where.since) * through
        yield number + place, where.id, moment, number, place, answered
