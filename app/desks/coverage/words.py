"""What pages of a month call kinds that have no name in their room."""

from collections.abc import Mapping
from typing import Final

from app.coverage.ranking import RankingLevel, Sort
from app.desks.texts import Text

LEVEL_NAMES: Final[Mapping[RankingLevel, Text]] = {
    RankingLevel.HEAD_OFFICE: Text("法人机构"),
    RankingLevel.BRANCH: Text("分行"),
    RankingLevel.SUB_BRANCH: Text("支行"),
}
SORT_NAMES: Final[Mapping[Sort, Text]] = {
    Sort.COVERAGE: Text("对接覆盖率"),
    Sort.ANSWERED: Text("答复率"),
    Sort.CREDITED: Text("授信率"),
    Sort.DISBURSED: Text("放款率"),
    Sort.CREDITED_AMOUNT: Text("授信金额"),
    Sort.DISBURSED_AMOUNT: Text("放款金额"),
    Sort.DAYS_TO_CONTACT: Text("对接用时（日，短者在前）"),
    Sort.DAYS_TO_ANSWER: Text("答复用时（日，短者在前）"),
}
