"""What every test of an account stands on."""

import pytest


@pytest.fixture(autouse=True)
def own_turns(settings, tmp_path):
    """Other workers of this run draw pictures too, and a turn is the machine's."""
    settings.STATE_DIR = tmp_path
