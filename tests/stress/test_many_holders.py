"""A list of holders as long as a large community's: a million lines with ``make stress``."""

import os
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count, Max, Min, Sum

from tests.factories import TokenFactory, UserFactory
from treasury.models import UserToken, WaitingHolding

pytestmark = [pytest.mark.stress, pytest.mark.django_db]

LINES = 1_000_000 if "DAO_STRESS_ROUNDS" in os.environ else 20_000
EACH = Decimal("1000000.000000000000000001")


@pytest.fixture
def holders(tmp_path):
    """LINES addresses that hold EACH, and one member."""
    path = tmp_path / "holders.csv"
    with path.open("w") as file:
        file.write("holder,balance,staked\n")
        file.writelines(f"0x{number:040x},{EACH},0.5\n" for number in range(LINES))
        file.write("ada@example.org,3,4\n")
    return path


def test_a_list_of_a_million_is_taken_exactly_and_once(holders, capsys):
    UserFactory(username="ada", email="ada@example.org")
    token = TokenFactory()

    call_command("import_holders", token.symbol, str(holders))
    call_command("import_holders", token.symbol, str(holders))

    waiting = WaitingHolding.objects.aggregate(
        count=Count("pk"),
        least=Min("balance"),
        most=Max("balance"),
        balances=Sum("balance"),
        stakes=Sum("staked_balance"),
    )
    assert waiting["count"] == LINES
    assert waiting["least"] == waiting["most"] == EACH
    assert format(waiting["balances"], "f") == f"{LINES * 10**6}.{LINES:018d}"
    assert waiting["stakes"] == LINES / 2
    [holding] = UserToken.objects.all()
    assert (holding.balance, holding.staked_balance) == (3, 4)
    assert f"{LINES + 1:,} as they were" in capsys.readouterr().out.replace("\n", " ")


def test_the_last_line_of_a_million_can_refuse_them_all(holders):
    token = TokenFactory()
    with holders.open("a") as file:
        file.write("mira@example.org,1e3,0\n")

    with pytest.raises(CommandError, match=f"Line {LINES + 3}"):
        call_command("import_holders", token.symbol, str(holders))

    assert not WaitingHolding.objects.exists()
    assert not UserToken.objects.exists()
