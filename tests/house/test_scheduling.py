"""Groups of tests are those that there are: who moves or renames a file moves its group with it."""

import pytest

from app.kernel.settings import PROJECT_ROOT
from tests.scheduling import GROUPS, group_of


@pytest.mark.parametrize("path", GROUPS)
def test_where_a_group_lies_there_are_tests(path: str) -> None:
    assert (PROJECT_ROOT / path).exists()


def test_a_group_is_of_one_backend_and_most_tests_are_of_none() -> None:
    fuzz = "tests/house/test_fuzz.py::test_every_operation_answers"
    assert group_of(f"{fuzz}[sqlite-GET /x]") == group_of(f"{fuzz}[sqlite-POST /y]")
    assert group_of(f"{fuzz}[sqlite-GET /x]") != group_of(f"{fuzz}[postgresql-GET /x]")
    assert group_of("tests/pages/test_every_page.py::test_links[demo-bank]") == "links"
    assert group_of("tests/pages/test_bank.py::test_a_bank[phone]") == "stories"
    assert group_of("tests/house/test_api.py::test_x[sqlite]") == "tests/house/test_api.py::test_x[sqlite]"
