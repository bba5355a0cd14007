"""A token's list of holders: exact, all or nothing, each wrong line by its number."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction

from accounts.models import Wallet
from accounts.services.addresses import sync_email_verified
from dao_portal.core.audit.delivery import deliver_due_events
from dao_portal.core.models import AuditLog
from dao_portal.core.options import clear_option_cache
from tests.factories import HoldingFactory, TokenFactory, UserFactory
from tests.threads import PATIENCE, second_session, wait_until_blocked
from treasury.models import UserToken, WaitingHolding
from treasury.services.holders import HolderLine, HoldersImported, import_holders
from treasury.services.holdings import lock_token
from treasury.services.waiting_holdings import give_waiting_holdings

pytestmark = pytest.mark.django_db

ADDRESS = "0x" + "ab" * 20


@pytest.fixture
def token():
    return TokenFactory()


@pytest.fixture
def import_text(tmp_path, token, capsys):
    """Runs the command on a text; gives what it printed."""

    def run(text: str | bytes) -> str:
        path = tmp_path / "holders.csv"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        call_command("import_holders", token.symbol, str(path))
        return capsys.readouterr().out

    return run


def holdings() -> dict[str, tuple[Decimal, Decimal, Decimal]]:
    return {
        row.user.email: (row.balance, row.staked_balance, row.voting_power)
        for row in UserToken.objects.select_related("user")
    }


def test_members_get_exactly_what_the_list_says(import_text):
    UserFactory(username="ada", email="Ada@example.org")
    mira = UserFactory(username="mira", email="mira@example.org")
    Wallet.objects.create(user=mira, address="0x" + "AB" * 20, is_verified=True)

    printed = import_text(
        "holder,balance,staked\n"
        "ada@EXAMPLE.org,123456789012345678901234567890.000000000000000001,0.5\n"
        f"{ADDRESS},7,\n"
    )

    assert holdings() == {
        "Ada@example.org": (
            Decimal("123456789012345678901234567890.000000000000000001"),
            Decimal("0.5"),
            Decimal("123456789012345678901234567890.500000000000000001"),
        ),
        "mira@example.org": (7, 0, 7),
    }
    assert "2 given to members, 0 waiting for their owners, 0 as they were" in printed


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffholder,balance\nada@example.org,1250.5\n",
        "holder,balance\r\nada@example.org,1250.5\r\n",
        'balance,holder\n"1250.5"," ADA@example.org "\n\n',
        "Holder,Staked,Balance\nada@example.org,0,1250.5",
    ],
)
def test_byte_order_mark_line_ends_and_order_of_columns_do_not_matter(import_text, text):
    UserFactory(email="ada@example.org")

    import_text(text)

    assert holdings() == {"ada@example.org": (Decimal("1250.5"), 0, Decimal("1250.5"))}


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["ada@example.org,1e3"], "Line 2: balance “1e3” is not an amount"),
        (['ada@example.org,"1,5"'], "Line 2: balance “1,5” is not an amount"),
        (["ada@example.org,-1"], "Line 2: balance “-1” is not an amount"),
        (["ada@example.org,+1"], "Line 2: balance “+1” is not an amount"),
        (["ada@example.org,NaN"], "Line 2: balance “NaN” is not an amount"),
        (["ada@example.org,"], "Line 2: balance “” is not an amount"),
        (["ada@example.org,\u0661"], "Line 2: balance “\u0661” is not an amount"),
        ([f"ada@example.org,0.{'1' * 19}"], "Line 2: balance “0.1111111111111111111”"),
        ([f"ada@example.org,{'9' * 61}"], "Line 2: balance “9999"),
        (["ada@example.org,1", "mira,1"], "Line 3: “mira” is neither an 0x address"),
        (["0x12,1"], "Line 2: “0x12” is neither an 0x address"),
        (["ada@example.org,1,2"], "Line 2: 3 values where the first line names 2 columns."),
        (["ada@example.org"], "Line 2: 1 values where the first line names 2 columns."),
        (["ada@example.org,1", '"ada'], "Line 3: unexpected end of data."),
        (
            ["ada@example.org,1", "x@example.org,1", "ADA@example.org,1"],
            "Line 4 means the same holder as line 2.",
        ),
        (
            ["ada@example.org,1", f"{ADDRESS},1"],
            "Line 3 means the same holder as line 2.",
        ),
    ],
)
def test_wrong_line_is_named_and_nothing_is_written(import_text, lines, complaint):
    ada = UserFactory(email="ada@example.org")
    Wallet.objects.create(user=ada, address=ADDRESS, is_verified=True)

    with pytest.raises(CommandError) as refused:
        import_text("\n".join(["holder,balance", *lines]))

    assert complaint in str(refused.value)
    assert str(refused.value).endswith("Nothing was imported.")
    assert holdings() == {}
    assert not WaitingHolding.objects.exists()


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        ("holder,balance,vip", "Line 1: unknown column vip;"),
        ("holder,balance,", "Line 1: unknown column (empty);"),
        ("holder", "Line 1: no column balance;"),
        ("holder,balance,balance", "Line 1: a column is there twice;"),
        ("", "Line 1: no column holder, balance;"),
    ],
)
def test_wrong_first_line_is_refused(import_text, header, complaint):
    with pytest.raises(CommandError, match="^" + complaint.replace("(", r"\(").replace(")", r"\)")):
        import_text(header + "\nada@example.org,1\n")


def test_all_wrong_lines_are_named_up_to_twenty(import_text):
    with pytest.raises(CommandError) as refused:
        import_text("holder,balance\n" + "x,1\n" * 30)

    assert str(refused.value).count("neither an 0x address") == 20


def test_file_that_is_not_there_or_not_text_is_refused(import_text, token, tmp_path):
    with pytest.raises(CommandError, match="No such file or directory"):
        call_command("import_holders", token.symbol, str(tmp_path / "none.csv"))
    with pytest.raises(CommandError, match="is not UTF-8: byte 15"):
        import_text(b"holder,balance\n\xff")


def test_unknown_token_is_refused_with_the_known_ones(token, tmp_path):
    with pytest.raises(CommandError, match=r"No token XYZ here \(there are: DPT\)"):
        call_command("import_holders", "XYZ", str(tmp_path))


def test_twice_changes_nothing(import_text):
    UserFactory(email="ada@example.org")
    text = f"holder,balance\nada@example.org,5\n{ADDRESS},6\n"
    import_text(text)
    before = list(UserToken.objects.values()) + list(WaitingHolding.objects.values())

    printed = import_text(text)

    assert "0 given to members, 0 waiting for their owners, 2 as they were" in printed
    assert list(UserToken.objects.values()) + list(WaitingHolding.objects.values()) == before
    assert AuditLog.objects.filter(action="holders.imported").count() == 1


def test_who_is_not_on_the_list_keeps_what_they_have(import_text):
    HoldingFactory(user__email="tomo@example.org", balance=9)
    UserFactory(email="ada@example.org")

    import_text("holder,balance\nada@example.org,5\n")

    assert holdings()["tomo@example.org"] == (9, 0, 9)


def test_unproven_wallet_and_address_wait(import_text):
    ada = UserFactory(email="ada@example.org", email_verified=False)
    Wallet.objects.create(user=ada, address=ADDRESS, is_verified=False)

    import_text(f"holder,balance,staked\n{ADDRESS},5,1\nada@example.org,6,2\n")

    assert holdings() == {}
    assert set(WaitingHolding.objects.values_list("holder", "balance", "staked_balance")) == {
        (ADDRESS, 5, 1),
        ("ada@example.org", 6, 2),
    }


@pytest.mark.parametrize("delivered", [1, 2])
def test_waiting_holding_comes_with_the_proof(import_text, delivered):
    import_text("holder,balance,staked\nada@example.org,5,1\n")
    ada = UserFactory(email="Ada@example.org", email_verified=False)
    ada.emailaddress_set.create(email=ada.email, verified=True, primary=True)

    sync_email_verified(user=ada)
    for _ in range(delivered):
        deliver_due_events()

    assert holdings() == {"Ada@example.org": (5, 1, 6)}
    assert not WaitingHolding.objects.exists()


def test_waiting_holding_is_added_to_what_its_owner_has(import_text, token):
    import_text("holder,balance,staked\nada@example.org,5,1\n")
    ada = UserFactory(email="ada@example.org")
    HoldingFactory(user=ada, balance=9, staked_balance=2)

    assert give_waiting_holdings(member=ada, holder="Ada@Example.org") == 1

    assert holdings() == {"ada@example.org": (14, 3, 17)}
    event = AuditLog.objects.get(action="holding.claimed")
    assert (event.user, event.resource_type, event.resource_id) == (ada, "token", token.pk)


def test_who_was_deactivated_is_given_nothing(import_text):
    UserFactory(email="gone@example.org", is_active=False)
    UserFactory(email="here@example.org")

    import_text("holder,balance\ngone@example.org,5\nhere@example.org,6\n")

    assert holdings() == {"here@example.org": (6, 0, 6)}
    assert WaitingHolding.objects.get().holder == "gone@example.org"


@pytest.mark.django_db(transaction=True)
def test_waiting_holding_is_claimed_once_however_many_ask(token):
    ada = UserFactory(email="ada@example.org")
    HoldingFactory(user=ada, balance=9)
    WaitingHolding.objects.create(token=token, holder=ada.email, balance=5)

    with second_session() as start:
        with transaction.atomic():
            assert give_waiting_holdings(member=ada, holder=ada.email) == 1
            other = start(give_waiting_holdings, member=ada, holder=ada.email)
            wait_until_blocked()
        assert other.result(PATIENCE) == 0

    assert holdings() == {"ada@example.org": (14, 0, 14)}
    assert AuditLog.objects.filter(action="holding.claimed").count() == 1


@pytest.mark.django_db(transaction=True)
def test_list_that_names_its_owner_meets_a_claim(token):
    """Each takes the token first: a claim that kept the row would wait for the list for ever."""
    ada = UserFactory(email="ada@example.org")
    WaitingHolding.objects.create(token=token, holder=ada.email, balance=5)

    with second_session() as start:
        with transaction.atomic():
            lock_token(token.pk)  # as the list does first
            claim = start(give_waiting_holdings, member=ada, holder=ada.email)
            wait_until_blocked()
            line = HolderLine(2, ada.email, Decimal(7), Decimal(0))
            import_holders(actor=None, token=token, lines=[line])
        assert claim.result(PATIENCE) == 0

    assert holdings() == {"ada@example.org": (7, 0, 7)}
    assert not WaitingHolding.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_one_list_of_a_token_at_a_time(token):
    """Also lists that name nobody in common: which of them came last is then known of all."""
    first, second = (HolderLine(2, f"{name}@example.org", Decimal(5), Decimal(0)) for name in "ab")

    with second_session() as start:
        with transaction.atomic():
            import_holders(actor=None, token=token, lines=[first])
            other = start(import_holders, actor=None, token=token, lines=[second])
            wait_until_blocked()
        assert other.result(PATIENCE) == HoldersImported(given=0, waiting=1)

    assert WaitingHolding.objects.count() == 2


def test_import_takes_as_many_statements_for_three_as_for_one(
    tmp_path, token, django_assert_num_queries
):
    for count in (1, 3):
        path = tmp_path / f"{count}.csv"
        rows = "".join(f"{count}-{n}@example.org,1\n" for n in range(count))
        path.write_text("holder,balance\n" + rows)
        clear_option_cache()
        with django_assert_num_queries(15):
            call_command("import_holders", "DPT", str(path), verbosity=0)


@pytest.mark.parametrize(
    "values",
    [
        "'A@example.org', 1, 1",
        "'a@example.org', -1, 1",
        "'a@example.org', 1, -1",
        "'taken@example.org', 1, 1",
    ],
)
def test_database_refuses_what_no_list_may_hold(token, values):
    WaitingHolding.objects.create(token=token, holder="taken@example.org", balance=1)

    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO waiting_holdings (token_id, holder, balance, staked_balance, updated_at)"
            f" VALUES (%s, {values}, now())",
            [token.pk],
        )
