"""Regions, industries and chains as a roster writes them → today's codes."""

from collections.abc import Callable

from rapidfuzz import fuzz, process

from app.chains.rules import ChainInForce
from app.reference.book import ReferenceBook
from app.reference.industries import Rank
from app.reference.region_names import find_by_name
from app.reference.regions import Outcome, Region, region_contains
from app.whitelist.roster_faults import BadCell

_CODE_LENGTH = 6
_LEAST_LIKENESS = 50.0
_LEAST_INDUSTRY_LIKENESS = 75.0


class PlaceReader:
    """Reads codes against one book; each text is looked up once, for a roster repeats a few of them."""

    def __init__(self, book: ReferenceBook, jurisdiction: str, chains: tuple[ChainInForce, ...]) -> None:
        self.book, self.jurisdiction, self.chains = book, jurisdiction, chains
        self._known: dict[tuple[str, str], str | BadCell] = {}
        self._successions: dict[str, str] = {}

    def region(self, text: str) -> str:
        """Answer today's code of a region; a former code becomes its one successor.

        Raises:
            BadCell: no such code, several successors, or outside the jurisdiction; with what may be meant.
        """
        return self._once("region", self._resolve_region, text)

    def succession(self, text: str) -> str | None:
        """Answer in words what a region's text was changed to in reading, or None."""
        return self._successions.get(text)

    def _once(self, kind: str, read: Callable[[str], str], text: str) -> str:
        found = self._known.get((kind, text))
        if found is None:
            try:
                found = read(text)
            except BadCell as error:
                found = error
            self._known[kind, text] = found
        if isinstance(found, BadCell):
            raise BadCell(found.message, found.remedy)
        return found

    def _resolve_region(self, text: str) -> str:
        regions = self.book.regions
        resolution = regions.resolve(text) if len(text) == _CODE_LENGTH and text.isdecimal() else None
        if resolution is None:
            raise BadCell("没有这个行政区划代码", self._region_hint(text))
        if resolution.region is None:
            listed = "、".join(map(self._named, resolution.candidates)) or "无单一承继者"
            raise BadCell("这个代码已停用", f"现为：{listed}。")
        code = resolution.region.code
        if not region_contains(self.jurisdiction, code):
            area = regions.full_name(self.jurisdiction) or "本地区"
            raise BadCell(f"{regions.full_name(code)}不在{area}", "核对代码；外地企业由其所在地区申报。")
        if resolution.outcome is Outcome.SUCCEEDED:
            self._successions[text] = (
                f"行政区划代码 {text} 已停用，按现行 {self._named(resolution.region)} 记录"
            )
        return code

    def _region_hint(self, text: str) -> str:
        regions = self.book.regions
        candidates = list(find_by_name(regions, text, within=self.jurisdiction, limit=3))
        nearest = regions.nearest(text) if text.isdecimal() else None
        if nearest is not None and not candidates:
            candidates = [nearest]
        if not candidates:
            return "填6位行政区划代码，如 230110。"
        return f"可能是：{'、'.join(map(self._named, candidates))}。"

    def _named(self, region: Region) -> str:
        return f"{region.code} {self.book.regions.full_name(region.code)}"

    def industry(self, text: str) -> str:
        """Answer the GB/T 4754-2017 code with its section letter, such as C3412.

        Raises:
            BadCell: no such code, or the letter is not the section of the digits.
        """
        return self._once("industry", self._resolve_industry, text)

    def _resolve_industry(self, text: str) -> str:
        industries = self.book.industries
        entry = industries.parse(text)
        if entry is not None:
            return entry.code if entry.rank is Rank.SECTION else f"{entry.section}{entry.code}"
        digits = "".join(character for character in text if character.isdecimal())
        for length in range(len(digits), 1, -1):
            above = industries.get(digits[:length])
            if above is not None:
                message = f"最近的是 {above.section}{above.code} {above.name}。"
                raise BadCell("没有这个行业代码", message)
        raise BadCell("没有这个行业代码", self._industry_hint(text))

    def _industry_hint(self, text: str) -> str:
        """Answer how to write a code, and what an industry's name may mean: the widest of equal names."""
        hint = "填 GB/T 4754-2017 的门类字母加数字，如 C3421。"
        narrowest_first = sorted(self.book.industries.by_code.values(), key=lambda entry: -len(entry.code))
        codes = {entry.name: entry for entry in narrowest_first}
        near = process.extractOne(
            text, codes.keys(), scorer=fuzz.ratio, score_cutoff=_LEAST_INDUSTRY_LIKENESS
        )
        if near is None:
            return hint
        entry = codes[near[0]]
        code = entry.code if entry.rank is Rank.SECTION else f"{entry.section}{entry.code}"
        return f"可能是 {code} {entry.name}。{hint}"

    def chain(self, text: str, region: str | None) -> str:
        """Answer the code of a chain named by code or name; of equal names the narrowest area's is meant.

        Raises:
            BadCell: no such chain in this jurisdiction, with what may be meant.
        """
        named = [chain for chain in self.chains if text in {chain.code, chain.name}]
        own = [chain for chain in named if region is None or region_contains(chain.jurisdiction, region)]
        if own:
            return max(own, key=lambda chain: (len(chain.jurisdiction.rstrip("0")), chain.code)).code
        raise BadCell("没有登记这条产业链", self._chain_hint(text, is_elsewhere=bool(named)))

    def _chain_hint(self, text: str, *, is_elsewhere: bool) -> str:
        if is_elsewhere:
            return "这条链属于别的地区；核对行政区划代码或留空。"
        if not self.chains:
            return "本地区尚未登记产业链；先登记或留空。"
        names = sorted({chain.name for chain in self.chains})
        near = process.extract(text, names, scorer=fuzz.ratio, score_cutoff=_LEAST_LIKENESS, limit=3)
        listed = "、".join(name for name, _, _ in near) if near else "、".join(names)
        return f"已登记的有：{listed}。"
