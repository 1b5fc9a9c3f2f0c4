"""Stories of subscriptions under a controlled clock: read a table, see what is promised."""

import pytest

pytest.register_assert_rewrite("tests.finance.subscriptions.scenarios.play")
