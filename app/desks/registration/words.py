"""What is said of registrations: their states, and what to look at twice. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from app.desks.texts import Text
from app.enterprises.registration_schemas import RegistrationBeside
from app.reference.regions import Regions

STATES: Final[Mapping[str, tuple[Text, str]]] = {
    "pending": (Text("待确认"), "wait"),
    "confirmed": (Text("已确认"), "good"),
    "refused": (Text("已退回"), "bad"),
}
"""Name and tone of each state."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to look at before deciding; `is_grave` ones speak against confirming."""

    said: Text
    is_grave: bool = True


def remarks(one: RegistrationBeside, regions: Regions) -> Sequence[Remark]:
    """Answer what a coordinator looks at twice, the graver first."""
    found: list[Remark] = []
    if one.claimed_by:
        found.append(Remark(Text("已有 %(count)s 人代表这家企业，请核实是否为同事", count=one.claimed_by)))
    if one.name_differs:
        found.append(Remark(Text("库中同一代码的企业名称与填写的不一致")))
    if one.region_differs:
        found.append(Remark(Text("库中企业所在地与填写的不一致；确认须由两地的共同上级或相应统筹部门办理")))
    if not one.code_region.startswith(one.region[:4]):
        place = regions.nearest(one.code_region)
        known = one.code_region if place is None else f"{one.code_region} {place.name}"
        found.append(Remark(Text("代码的登记机关所在地（%(place)s）与企业所在地不同", place=known)))
    if one.is_known:
        found.append(Remark(Text("企业已在库中"), is_grave=False))
    else:
        found.append(Remark(Text("企业尚不在库中，首次提交需求时登记"), is_grave=False))
    return found
