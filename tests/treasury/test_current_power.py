"""What somebody's tokens count today."""

import pytest

from tests.factories import TokenFactory, UserFactory
from treasury.selectors.holdings import current_power

pytestmark = pytest.mark.django_db


def test_current_power_of_who_holds_nothing_is_zero():
    TokenFactory()

    assert current_power(UserFactory()) == 0
