"""Snapshot's two files, written as a test wants them."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from governance.models import Proposal

ADA, BEN, CLEO = (f"0x{digit * 40}" for digit in "abc")


def proposal_record(**changes: Any) -> dict[str, Any]:
    return {
        "id": "0x01",
        "title": "Plant forty apple trees",
        "body": "Along the fence.",
        "type": "basic",
        "choices": ["For", "Against", "Abstain"],
        "start": 1750000000,
        "end": 1750600000,
        "state": "closed",
        "author": ADA,
        "quorum": "10",
    } | changes


def vote_record(**changes: Any) -> dict[str, Any]:
    return {
        "proposal": {"id": "0x01"},
        "voter": ADA,
        "choice": 1,
        "vp": "10",
        "created": 1750000100,
        "reason": "",
    } | changes


class Files:
    """The two files, with one record a line: number n of a list stands in line n + 1."""

    def __init__(self, folder: Path) -> None:
        self.proposals, self.votes = folder / "proposals.json", folder / "votes.json"
        self.write_proposals(proposal_record())
        self.write_votes(vote_record())

    def write_proposals(self, *records: Any) -> None:
        self.proposals.write_text(hub("proposals", records))

    def write_votes(self, *records: Any) -> None:
        self.votes.write_text(hub("votes", records))

    def load(self) -> None:
        call_command("import_snapshot", self.proposals, self.votes)

    def refusal(self) -> str:
        """What the command complains about, after making sure that it changed nothing."""
        members = User.objects.count()
        with pytest.raises(CommandError) as refused:
            self.load()
        assert (Proposal.objects.count(), User.objects.count()) == (0, members)
        complaint, _, comfort = str(refused.value).partition("\n")
        assert comfort == "Nothing was imported."
        assert refused.value.returncode == 1
        return complaint


def hub(name: str, records: Any) -> str:
    lines = ",\n".join(
        record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)
        for record in records
    )
    return f'{{"data":{{"{name}":[\n{lines}\n]}}}}\n'
