"""A small community's decisions in Snapshot's format."""

from pathlib import Path

from django.core.management import call_command

SAMPLE = Path(__file__).parents[1] / "data" / "snapshot_sample"


def import_sample() -> None:
    call_command("import_snapshot", SAMPLE / "proposals.json", SAMPLE / "votes.json")
