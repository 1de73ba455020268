"""Who is asked about whom: names that lie on disk in pieces give what one index of all names gives. All names are invented."""

from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack

from hypothesis import given, settings
from hypothesis import strategies as st

from app.whitelist.entry_planning import Namesake
from app.whitelist.name_grams import GramBlock
from app.whitelist.name_index import DUPLICATE, NameIndex
from app.whitelist.name_score import NameTable
from app.whitelist.names import RegionPrefixes
from app.whitelist.namesakes import FirmRows, NamedFirms, find_namesakes
from app.whitelist.shelf import Shelf
from tests.whitelist.duplicates import find_duplicates

REGION_NAMES = ["云岭省", "白桦市", "青石县"]
NAMES = [
    f"{place}{brand}{trade}有限公司"
    for place in ("白桦市", "青石县", "")
    for brand in ("盛兴", "晟兴", "盛鑫", "远帆", "远航", "泰和源")
    for trade in ("木业", "机械制造")
]
Firm = tuple[str, str, bool]
FIRMS = st.lists(
    st.tuples(st.integers(10, 99).map(str), st.sampled_from(NAMES), st.booleans()),
    max_size=24,
    unique_by=lambda firm: firm[0],
)


def shelved(stack: ExitStack, firms: Sequence[Firm], size: int, source: str) -> NamedFirms:
    stores = Shelf[FirmRows](), Shelf[NameTable](), Shelf[GramBlock]()
    for store in stores:
        stack.enter_context(store)
    named = NamedFirms(*stores)
    for start in range(0, len(firms), size):
        usccs, names, settled = map(list, zip(*firms[start : start + size], strict=True))
        rows = FirmRows(usccs, names, [source + uscc for uscc in usccs], settled)
        named.add(rows, ["990100"] * len(usccs), RegionPrefixes.of(REGION_NAMES))
    return named


def in_memory(roster: Sequence[Firm], others: Sequence[Firm]) -> dict[str, tuple[Namesake, ...]]:
    """Answer by one index of the roster and one of the registered firms."""
    found: dict[str, list[Namesake]] = defaultdict(list)
    names = [name for _, name, _ in roster]
    for pair in find_duplicates(names, ["990100"] * len(names), REGION_NAMES):
        first, second = roster[pair.first], roster[pair.second]
        asked, other = (first, second) if second[2] else (second, first)
        if not asked[2]:
            found[asked[0]].append(Namesake(other[0], other[1], pair.likeness, f"roster{other[0]}"))
    known = [name for _, name, _ in others]
    index = NameIndex.build(known, ["990100"] * len(known), REGION_NAMES)
    for uscc, name, is_settled in roster:
        for one in index.resolve([name], ["990100"])[0]:
            if not is_settled and one.likeness >= DUPLICATE:
                other = others[one.position]
                found[uscc].append(Namesake(other[0], other[1], one.likeness, f"register{other[0]}"))
    return {
        uscc: tuple(sorted(some, key=lambda one: (-one.likeness, one.uscc))[:3])
        for uscc, some in found.items()
    }


@settings(max_examples=60)
@given(FIRMS, st.integers(0, 24), st.integers(1, 9))
def test_names_on_disk_in_pieces_give_what_one_index_gives(firms: list[Firm], cut: int, size: int) -> None:
    roster, others = firms[:cut], sorted(firms[cut:])
    with ExitStack() as stack:
        found = find_namesakes(
            shelved(stack, roster, size, "roster"), shelved(stack, others, size, "register")
        )
    assert found == in_memory(roster, others)


def test_of_two_firms_the_later_is_asked_unless_it_is_settled() -> None:
    pair = [("11", NAMES[0], False), ("12", NAMES[0], False)]
    with ExitStack() as stack:
        both = find_namesakes(shelved(stack, pair, 1, "名单!"), NamedFirms())
        settled = [pair[0], ("12", NAMES[0], True)]
        one = find_namesakes(shelved(stack, settled, 1, "名单!"), NamedFirms())
        none = find_namesakes(shelved(stack, [("11", NAMES[0], True), settled[1]], 1, "名单!"), NamedFirms())
    assert both == {"12": (Namesake("11", NAMES[0], 1.0, "名单!11"),)}
    assert one == {"11": (Namesake("12", NAMES[0], 1.0, "名单!12"),)}
    assert none == {}
