"""Counts a closed vote again from what anybody can download, as docs/governance.md describes it.

    python recount.py PAGE FROZEN VOTES SOURCE

PAGE is the saved page of the proposal, the others are its frozen.json, votes.csv and source.md.
Prints one line for each disagreement and exits with 1, or says what it counted and exits with 0.
Standard library only, and nothing of the portal: it was written from the document alone.
"""

import csv
import io
import json
import re
import sys
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

COLUMNS = ["voter", "name", "choice", "power", "cast_at", "reason", "reason_sha256", "receipt"]
CHOICES = ("yes", "no", "abstain")
AMOUNT = re.compile(r"(0|[1-9][0-9]*)\.([0-9]{18})")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MARK = b"\xef\xbb\xbf"


class Disagreement(Exception):
    """Something published is not what the rest of it says."""


class Page(HTMLParser):
    """The text of each element that has an id and no other element in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.current: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.current = dict(attrs).get("id")

    def handle_endtag(self, tag: str) -> None:
        self.current = None

    def handle_data(self, data: str) -> None:
        if self.current:
            self.texts[self.current] = self.texts.get(self.current, "") + data


def demand(agrees: bool, what: str) -> None:
    if not agrees:
        raise Disagreement(what)


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def units(amount: object) -> int:
    """An amount as a whole number of 10^-18."""
    found = AMOUNT.fullmatch(amount) if isinstance(amount, str) else None
    if not found:
        raise Disagreement(f"{amount!r} is no amount")
    return int(found[1] + found[2])


def written(text: str) -> str:
    """What a member wrote, without the apostrophe of the file."""
    return text.removeprefix("'")


def read_frozen(frozen: bytes, source: bytes) -> dict:
    """The rule; the text must be that of the source."""
    content = json.loads(frozen)
    demand(canonical(content) == frozen, "frozen.json is not canonical")
    demand(isinstance(content, list) and len(content) == 7, "frozen.json is not a list of seven")
    _title, text, _kind, _metadata, opens, closes, rule = content
    demand(text.encode() == source, "source.md is not the frozen text")
    demand(bool(TIME.fullmatch(opens) and TIME.fullmatch(closes)), "the window is no time")
    demand(opens < closes, "the window ends before it begins")
    demand(rule["version"] == 1, "the rule is of a version that I do not know")
    return rule


def read_votes(file: bytes) -> list[dict[str, str]]:
    demand(file.startswith(MARK), "votes.csv does not begin with its mark")
    rows = list(csv.reader(io.StringIO(file[len(MARK) :].decode(), newline=""), strict=True))
    demand(rows[0] == COLUMNS, "votes.csv has other columns")
    demand(all(len(row) == len(COLUMNS) for row in rows), "a line of votes.csv is cut")
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


def check_vote(vote: dict[str, str], fingerprint: str) -> None:
    voter, reason = vote["voter"], written(vote["reason"])
    demand(bool(UUID.fullmatch(voter)), f"{voter!r} is no voter")
    demand(vote["choice"] in CHOICES, f"{voter} chose {vote['choice']!r}")
    demand(bool(TIME.fullmatch(vote["cast_at"])), f"{voter} voted at {vote['cast_at']!r}")
    units(vote["power"])
    if reason:
        demand(digest(reason.encode()) == vote["reason_sha256"], f"the reason of {voter} differs")
    covered = [fingerprint, *(vote[name] for name in ("voter", "choice", "power", "cast_at"))]
    receipt = digest(canonical([*covered, vote["reason_sha256"]]))[:20]
    demand(receipt == vote["receipt"], f"the receipt of {voter} differs")


def outcome(yes: int, no: int, abstain: int, rule: dict) -> str:
    """Status and reason."""
    turnout, quorum = yes + no + abstain, units(rule["quorum"])
    numerator, denominator = map(int, rule["approval"].split("/"))
    counted = {"for_abstain": yes + abstain, "for": yes, "turnout": turnout}[rule["quorum_mode"]]
    if turnout == 0:
        return "expired no_votes"
    if turnout < quorum:
        return "expired turnout"
    if counted < quorum:
        return "rejected support_quorum"
    if yes == no:
        return "rejected tie"
    if yes < no or yes * denominator < numerator * (yes + no):
        return "rejected below_threshold"
    return "passed approved"


def recount(html: str, frozen: bytes, file: bytes, source: bytes) -> str:
    """What was counted, in a line. Disagreement where anything differs."""
    page = Page(html).texts
    fingerprint = f"sha256:{digest(frozen)}"
    demand(page.get("fingerprint") == fingerprint, "the fingerprint differs")
    rule, votes = read_frozen(frozen, source), read_votes(file)
    demand(page.get("total-power") == rule["total_power"], "the total power differs")

    for vote in votes:
        check_vote(vote, fingerprint)
    demand(len({vote["voter"] for vote in votes}) == len(votes), "somebody stands there twice")
    if "votes-digest" not in page:  # cancelled while it was open
        return f"no result, {len(votes)} votes"
    receipts = sorted(vote["receipt"] for vote in votes)
    demand(digest("\n".join(receipts).encode()) == page["votes-digest"], "the digest differs")

    power = dict.fromkeys(CHOICES, 0)
    for vote in votes:
        power[vote["choice"]] += units(vote["power"])
    for choice in CHOICES:
        demand(units(page.get(f"{choice}-power")) == power[choice], f"the power {choice} differs")
    demand(page.get("voters") == str(len(votes)), "the number of votes differs")
    if rule["total_power"] is not None:
        demand(sum(power.values()) <= units(rule["total_power"]), "more power voted than there was")
    result = outcome(*power.values(), rule)
    demand(page.get("outcome") == result, f"by the rule it is {result}")
    return f"{result}, {len(votes)} votes"


def main(arguments: list[str]) -> int:
    page, frozen, votes, source = map(Path, arguments)
    try:
        result = recount(
            page.read_bytes().decode(),
            frozen.read_bytes(),
            votes.read_bytes(),
            source.read_bytes(),
        )
    except (Disagreement, ValueError, KeyError, TypeError, csv.Error, AttributeError) as error:
        sys.stdout.write(f"{error}\n")
        return 1
    sys.stdout.write(f"{result}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
