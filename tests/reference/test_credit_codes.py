import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from app.reference.credit_codes import ALPHABET, UsccFault, check_uscc

# GB 32100-2015, annex: character values 0 to 30 in this order, weights 3^(i-1) mod 31.
VALUES = {character: value for value, character in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}


def check_character(first_17: str) -> str:
    """The standard's arithmetic, written plainly: C18 = 31 - (sum of Ci × Wi) mod 31, 31 standing for 0."""
    total = 0
    for i in range(1, 18):
        total += VALUES[first_17[i - 1]] * 3 ** (i - 1)
    value = (31 - total % 31) % 31
    return next(character for character, number in VALUES.items() if number == value)


def valid_codes() -> st.SearchStrategy[str]:
    part = st.builds(
        "{}{}{}".format,
        st.text("159NY", min_size=1, max_size=1).flatmap(
            lambda first: st.sampled_from(ALPHABET).map(lambda second: first + second)
        ),
        st.text("0123456789", min_size=6, max_size=6),
        st.text(ALPHABET, min_size=9, max_size=9),
    )
    return part.map(lambda first_17: first_17 + check_character(first_17))


@given(valid_codes())
def test_a_code_with_the_standards_check_character_is_valid(code: str) -> None:
    assert check_uscc(code).is_valid
    if code[:2].isdigit():
        assert uscc.is_valid(code)


@given(valid_codes(), st.integers(0, 17), st.sampled_from(ALPHABET))
def test_every_change_of_one_character_is_detected(code: str, place: int, other: str) -> None:
    changed = code[:place] + other + code[place + 1 :]
    result = check_uscc(changed)
    assert result.is_valid == (changed == code)
    if result.fault is UsccFault.CHECK_DIGIT:
        assert result.expected == check_character(changed[:17]) != changed[17]


@given(valid_codes(), st.integers(0, 16))
def test_every_swap_of_different_neighbours_is_detected(code: str, place: int) -> None:
    swapped = code[:place] + code[place + 1] + code[place] + code[place + 2 :]
    assert check_uscc(swapped).is_valid == (swapped == code)


@pytest.mark.parametrize(
    "typed",
    [
        "91110000600037341L",
        " 91110000600037341l\n",
        "９１１１００００６０００３７３４１Ｌ",
        "9111 0000 6000 3734 1L",
        "91110000-600037341-L",
        "91110000\u00a0600037341L",
    ],
)
def test_width_case_spaces_and_dashes_do_not_matter(typed: str) -> None:
    result = check_uscc(typed)
    assert (result.code, result.fault) == ("91110000600037341L", None)
    assert result.region_code == "110000"


@pytest.mark.parametrize(
    ("typed", "fault", "message"),
    [
        ("", UsccFault.EMPTY, "no credit code"),
        ("9111000060003734L", UsccFault.LENGTH, "this has 17"),
        ("91110000600037341LL", UsccFault.LENGTH, "this has 19"),
        ("9111000060003734SL", UsccFault.CHARACTERS, "S at 17"),
        ("91A10000600037341L", UsccFault.CHARACTERS, "A at 3"),
        ("9111000A600037341L", UsccFault.CHARACTERS, "A at 8"),
        ("9111000060003734中L", UsccFault.CHARACTERS, "中 at 17"),
        ("911100006000373410", UsccFault.CHECK_DIGIT, "demand L"),
    ],
)
def test_the_fault_is_named(typed: str, fault: UsccFault, message: str) -> None:
    result = check_uscc(typed)
    assert result.fault is fault
    assert message in result.message
    assert result.region_code is None


def test_look_alike_letters_are_suggested_only_when_the_code_then_holds() -> None:
    assert check_uscc("9I110000600037341L").suggestion == "91110000600037341L"
    assert check_uscc("911100006OOO37341L").suggestion == "91110000600037341L"
    assert check_uscc("9I110000600037342L").suggestion is None
