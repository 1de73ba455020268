"""How a name sounds: the Mandarin syllable of a character, so that 盛兴 and 晟兴 can be told to sound alike.

GB 2312 orders its level-1 characters (rows 16 to 55, the 3,755 commonest) by their pinyin. The first character
of each syllable is therefore enough to read off the syllable of all of them; no dictionary is needed. Characters of
level 2 are ordered by radical, so those that occur in names of firms and places are listed by hand.
A character with several readings has the one under which GB 2312 files it. Tones are left out: typing errors ignore them.
"""

from bisect import bisect_right

# Syllable and the first level-1 character filed under it, in the order of GB 2312.
_FIRST_OF_SYLLABLE = """
a啊 ai埃 an鞍 ang肮 ao凹 ba芭 bai白 ban斑 bang邦 bao苞 bei杯 ben奔 beng崩 bi逼 bian鞭 biao标
bie鳖 bin彬 bing兵 bo玻 bu捕 ca擦 cai猜 can餐 cang苍 cao操 ce厕 ceng层 cha插 chai拆 chan搀
chang昌 chao超 che车 chen郴 cheng撑 chi吃 chong充 chou抽 chu初 chuai揣 chuan川 chuang疮
chui吹 chun春 chuo戳 ci疵 cong聪 cou凑 cu粗 cuan蹿 cui摧 cun村 cuo磋 da搭 dai呆 dan耽
dang当 dao刀 de德 deng蹬 di堤 dian颠 diao碉 die跌 ding丁 diu丢 dong东 dou兜 du督 duan端
dui堆 dun墩 duo掇 e蛾 en恩 er而 fa发 fan藩 fang坊 fei菲 fen芬 feng丰 fo佛 fou否 fu夫 ga噶
gai该 gan干 gang冈 gao篙 ge哥 gei给 gen根 geng耕 gong工 gou钩 gu辜 gua刮 guai乖 guan棺
guang光 gui瑰 gun辊 guo锅 ha哈 hai骸 han酣 hang夯 hao壕 he呵 hei嘿 hen痕 heng哼 hong轰
hou喉 hu呼 hua花 huai槐 huan欢 huang荒 hui灰 hun荤 huo豁 ji击 jia嘉 jian歼 jiang僵 jiao蕉
jie揭 jin巾 jing荆 jiong炯 jiu揪 ju鞠 juan捐 jue撅 jun均 ka喀 kai开 kan刊 kang康 kao考 ke坷
ken肯 keng坑 kong空 kou抠 ku枯 kua夸 kuai块 kuan宽 kuang匡 kui亏 kun坤 kuo括 la垃 lai莱
lan蓝 lang琅 lao捞 le勒 lei雷 leng棱 li厘 lia俩 lian联 liang粮 liao撩 lie列 lin琳 ling玲
liu溜 long龙 lou楼 lu芦 lv驴 luan峦 lve掠 lun抡 luo萝 ma妈 mai埋 man瞒 mang芒 mao猫 me么
mei玫 men门 meng萌 mi眯 mian棉 miao苗 mie蔑 min民 ming明 miu谬 mo摸 mou谋 mu拇 na拿 nai氖
nan南 nang囊 nao挠 ne呢 nei馁 nen嫩 neng能 ni妮 nian蔫 niang娘 niao鸟 nie捏 nin您 ning柠
niu牛 nong脓 nu奴 nv女 nuan暖 nve虐 nuo挪 o哦 ou欧 pa啪 pai拍 pan攀 pang乓 pao抛 pei呸 pen喷
peng砰 pi坯 pian篇 piao飘 pie撇 pin拼 ping乒 po坡 pou剖 pu扑 qi期 qia掐 qian牵 qiang枪
qiao橇 qie切 qin钦 qing青 qiong琼 qiu秋 qu趋 quan圈 que缺 qun裙 ran然 rang瓤 rao饶 re惹
ren壬 reng扔 ri日 rong戎 rou揉 ru茹 ruan软 rui蕊 run闰 ruo若 sa撒 sai腮 san三 sang桑 sao搔
se瑟 sen森 seng僧 sha莎 shai筛 shan珊 shang墒 shao梢 she奢 shen砷 sheng声 shi师 shou收
shu蔬 shua刷 shuai摔 shuan栓 shuang霜 shui谁 shun吮 shuo说 si斯 song松 sou搜 su苏 suan酸
sui虽 sun孙 suo蓑 ta塌 tai胎 tan坍 tang汤 tao掏 te特 teng藤 ti梯 tian天 tiao挑 tie贴 ting厅
tong通 tou偷 tu凸 tuan湍 tui推 tun吞 tuo拖 wa挖 wai歪 wan豌 wang汪 wei威 wen瘟 weng嗡 wo挝
wu巫 xi昔 xia瞎 xian掀 xiang相 xiao萧 xie楔 xin薪 xing星 xiong兄 xiu休 xu墟 xuan轩 xue靴
xun勋 ya压 yan焉 yang殃 yao邀 ye椰 yi一 yin茵 ying英 yo哟 yong拥 you幽 yu迂 yuan鸳 yue曰
yun耘 za匝 zai栽 zan咱 zang赃 zao遭 ze责 zei贼 zen怎 zeng增 zha扎 zhai摘 zhan瞻 zhang樟
zhao招 zhe遮 zhen珍 zheng蒸 zhi芝 zhong中 zhou舟 zhu珠 zhua抓 zhuai拽 zhuan专 zhuang桩
zhui椎 zhun谆 zhuo捉 zi兹 zong鬃 zou邹 zu租 zuan钻 zui嘴 zun尊 zuo昨
"""

# Characters of level 2 that names use, by syllable.
_LEVEL_2 = """
an庵 ao鳌 bang塝 bei碚陂蓓 ben犇 bi璧 bian汴 biao杓 bin镔殡 bo亳 can璨 cao漕 cen岑 cha汊槎嵖
chan蟾 chang昶嫦 chao晁 chen宸琛 cheng丞铖 ci祠 cong枞 cui萃 cuo酂 dai岱黛 dang砀 di谛荻邸棣
dian巅钿 dou窦 du笃 duo铎 fan畈梵 fei淝翡妃斐蜚 feng沣俸 fu孚芙伕 gan泔 gang罡 gao郜 gou枸缑 gu堌鹄
guan莞 gui珪 hai嗨 han瀚晗阚 hang绗珩 hao昊皓淏灏濠颢 hong泓荭闳 hu琥扈浒 hua桦骅 huan寰洹浣 huang潢隍璜
hui晖荟浍茴 ji戟矶 jia郏珈迦葭 jie颉婕 jin瑾 jing泾旌靓菁璟 jiong炅 jiu鸠 ju钜 juan涓 jue桷珏 jun珺
kai恺铠 ke珂 kong崆 kui隗 kun崑焜琨锟鲲 lai崃涞 lan岚 lao崂 lei嫘 li俪蠡骊澧溧 liao蓼 lin麟蔺
ling鲮瓴翎泠 liu鎏 long垅珑 lu逯璐鹭 luan栾鸾 luo漯雒珞 ma蟆 mang邙 mao茆 mei莓嵋 mi咪 mian渑沔
miao淼 min岷旻珉 ming茗 mo馍秣 mu钼沐 nan楠 ne讷 nian廿 niu妞 pa杷 pan蟠 peng芃 pi淠枇伾 po珀
pu濮璞 qi綦淇杞琦麒祺琪岐萁骐骥 qian茜骞杄 qiang镪 qiao谯峤 qin溱 qing箐 qiu裘 qu灈瞿 quan荃 que阙
ran苒 rang瀼穰 rong榕嵘 rui睿芮 sa飒 shang垧 she歙 shen珅椹 sheng昇笙晟 shi浉 shu沭 shuo铄 si泗
song嵩 sui濉睢 tai钛 tao韬 ti醍缇 ting町婷 tong潼砼烔鲖 tou钭 tuan疃 tuo沱佗 wai崴 wei圩玮洧硙薇炜
wen雯 wu仵 xi淅禧玺奚曦熹僖 xian暹 xiang芗衖 xiao逍枭崤筱 xie榭 xin鑫馨昕炘歆 xing荥 xu栩胥 xuan璇萱
xun薰 ya琊垭岈 yan偃鄢郾焱闫腌妍晏琰 yang炀 yao垚繇 ye烨堨晔 yi怡驿翊弋奕乂義挹黟懿羿弈 ying颍瀛郢瑛滢 yong甬
you祐 yu钰昱瑜煜谕圉聿毓妤 yuan媛橼 yue玥 yun芸昀 zan昝酇 zhai砦 zhan旃 zhang獐璋 zhao曌 zhe柘喆
zhen圳榛祯桢 zhi陟酯雉沚滍轵 zhong冢 zhu洙 zhuan馔 zhuo濯 zi梓訾 zuo胙
"""

_LEVEL_1_ROWS = range(0xB0, 0xD8)
_CELLS = range(0xA1, 0xFF)
# Syllables are written as private-use characters: one code point each, never equal to a character of a name.
_PRIVATE_USE = 0xE000


def _split(entry: str) -> tuple[str, str]:
    syllable = "".join(c for c in entry if c.isascii())
    return syllable, entry[len(syllable) :]


def _level_1() -> list[tuple[bytes, str]]:
    """Answer code and character of every level-1 character, in order; a few cells at the end are empty."""
    codes = (bytes([row, cell]) for row in _LEVEL_1_ROWS for cell in _CELLS)
    decoded = ((code, code.decode("gb2312", errors="ignore")) for code in codes)
    return [(code, character) for code, character in decoded if character]


def _sound_table() -> dict[int, int]:
    entries = [_split(entry) for entry in _FIRST_OF_SYLLABLE.split()]
    number = {syllable: _PRIVATE_USE + i for i, (syllable, _) in enumerate(entries)}
    starts = [first.encode("gb2312") for _, first in entries]
    table = {ord(c): _PRIVATE_USE + bisect_right(starts, code) - 1 for code, c in _level_1()}
    for syllable, characters in map(_split, _LEVEL_2.split()):
        symbol = number.setdefault(syllable, _PRIVATE_USE + len(number))
        table.update((ord(c), symbol) for c in characters)
    return table


_SOUNDS = _sound_table()


def sound_of(text: str) -> str:
    """Spell a text by sound: each known character becomes a symbol for its syllable, all others stay.

    The answer has the length of the text, so positions agree; two characters sound alike when their symbols are equal.
    """
    return text.translate(_SOUNDS)
