"""Two firms beside each other: in words, and with what differs marked where it tells."""

from app.desks.roster.likeness import compared
from app.kernel.settings import get_settings
from app.reference.book import load_reference_book


def test_codes_are_said_in_words_and_differences_are_marked_where_they_tell() -> None:
    one = {
        "name": "哈尔滨雪丰木业有限公司", "region": "230103", "industry": "C3421", "established_on": "2015-03-01",
        "revenue": "8600000.50", "qualifications": ["srdi", "high_tech"], "source_class": "srdi", "staff": 180,
    }  # fmt: skip
    other = one | {
        "name": "哈尔滨雪丰木业有限责任公司", "established_on": "2015-03-11", "qualifications": ["srdi"], "staff": None,
        "region": "999999",
    }  # fmt: skip
    lines = {
        line.name.chinese: line for line in compared(one, other, load_reference_book(get_settings().seed_dir))
    }
    assert lines["企业名称"].other == [("哈尔滨雪丰木业有限", False), ("责任", True), ("公司", False)]
    assert lines["成立日期"].one == [("2015-03-01", True)], "half a date tells nothing"
    assert lines["资质"].one == [("专精特新中小企业", False), ("、", False), ("高新技术企业", True)]
    assert lines["资质"].other == [("专精特新中小企业", False)]
    assert lines["营业收入（万元）"].one == [("860.00005", False)]
    assert lines["行业"].one == [("C3421 金属切削机床制造", False)]
    assert lines["注册地"].one == [("230103 黑龙江省哈尔滨市南岗区", True)]
    assert lines["注册地"].other == [("999999", True)], "a code that nobody knows stands for itself"
    assert (lines["从业人员"].is_alike, lines["从业人员"].other) == (None, [])
    assert "期限（月）" not in lines
