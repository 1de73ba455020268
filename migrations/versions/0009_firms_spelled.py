"""firms spelled

Firms of before get the ways to type their names, by which they are found. Going up again spells those that are not spelled yet.
How names are spelled is written out here as it was then: a migration gives the same rows whatever the program does since.
"""

import unicodedata
from itertools import product

import sqlalchemy as sa
from alembic import op
from pypinyin.pinyin_dict import pinyin_dict

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

AT_ONCE = 2_000
FIRMS = sa.table("enterprises", sa.column("id"), sa.column("name"), sa.column("spelling", sa.Text()))
START, MOST_SPELLED, MOST_WAYS = "|", 40, 8
WRITTEN = """
长chang,zhang 重zhong,chong 行hang,xing 乐le,yue 厦xia,sha 单dan,shan 曾zeng,ceng 朝chao,zhao 调tiao,diao
传chuan,zhuan 藏cang,zang 强qiang,jiang 省sheng,xing 会hui,kuai 宿su,xiu 盛sheng,cheng 车che,ju 贾jia,gu
秘mi,bi 柏bai,bo 弹dan,tan 降jiang,xiang 解jie,xie 觉jue,jiao 角jiao,jue 率lu,shuai 区qu,ou 查cha,zha
召zhao,shao 尉wei,yu 种zhong,chong 卡ka,qia 系xi,ji 校xiao,jiao 参can,shen 什shi,shen 拓tuo,ta 屏ping,bing
番fan,pan 泊bo,po 阿a,e 咖ka,ga 伽jia,ga 晟sheng,cheng 仇qiu,chou 铅qian,yan 沈shen,chen 都du,dou 适shi,kuo
尾wei,yi 乘cheng,sheng 石shi,dan 大da,dai 万wan,mo 育yu,yo 六liu,lu 圩wei,xu 蔚wei,yu 殷yin,yan 洗xi,xian
轧zha,ya 载zai,za 扎zha,za 塔ta,da 色se,shai 术shu,zhu 壳ke,qiao 露lu,lou 血xue,xie 熟shu,shou
"""
SEVERAL = {entry[0]: tuple(entry[1:].split(",")) for entry in WRITTEN.split()}
"""Characters that are read in several ways in names, the likelier first."""


def upgrade() -> None:
    connection = op.get_bind()
    change = (
        sa.update(FIRMS)
        .where(FIRMS.c.id == sa.bindparam("row_id"))
        .values(spelling=sa.bindparam("ways", type_=sa.Text()))
    )
    last = 0
    while rows := connection.execute(
        sa.select(FIRMS.c.id, FIRMS.c.name)
        .where(FIRMS.c.id > last, FIRMS.c.spelling == "")
        .order_by(FIRMS.c.id)
        .limit(AT_ONCE)
    ).all():
        connection.execute(change, [{"row_id": row.id, "ways": spelled(row.name)} for row in rows])
        last = rows[-1].id


def downgrade() -> None:
    """Leave the spellings: 0008 takes their column away."""


def spelled(name: str) -> str:
    """Answer all ways to write a name, each after `START`: its characters, its initials, its pinyin."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    key = "".join(character for character in folded if character.isalnum())
    known = [readings(character) for character in key[:MOST_SPELLED]]
    ways = list(product(*most_likely(known))) if known else [()]
    initials = ("".join(part[0] for part in way) for way in ways)
    sounds = ("".join(way) for way in ways)
    return START + START.join(dict.fromkeys([key, *initials, *sounds]))


def readings(character: str) -> tuple[str, ...]:
    if character in SEVERAL:
        return SEVERAL[character]
    first = pinyin_dict.get(ord(character), character).split(",")[0]
    plain = unicodedata.normalize("NFD", first)
    return ("".join(letter for letter in plain if not unicodedata.combining(letter)) or character,)


def most_likely(known: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    kept, ways = [], 1
    for several in known:
        ways *= len(several)
        kept.append(several if ways <= MOST_WAYS else several[:1])
        if ways > MOST_WAYS:
            ways //= len(several)
    return kept
