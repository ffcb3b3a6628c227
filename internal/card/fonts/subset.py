"""Makes the fonts beside this file out of Noto Sans CJK.

    apt-get install fonts-noto-cjk python3-fonttools    # 1:20220127, 4.38
    python3 subset.py /usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc

A character has other shapes in Japan, in Taiwan and in China, so there is a
subset for each: JIS X 0208 level 1 with kana and Latin, GB 2312 level 1,
and Big5 level 1 with Greek and Cyrillic.
"""
import os
import sys

from fontTools import subset
from fontTools.ttLib import TTFont


def table(name, rows, columns):
    out = set()
    for a in rows:
        for b in columns:
            try:
                c = bytes([a, b]).decode(name)
            except UnicodeDecodeError:
                continue
            if len(c) == 1:
                out.add(ord(c))
    return out


low = range(0xA1, 0xFF)
jis = table("euc_jp", range(0xB0, 0xD0), low)
gb = table("gb2312", range(0xB0, 0xD8), low)
big5 = table("big5", range(0xA4, 0xC7), [*range(0x40, 0x7F), *low]) | {0x8457}
punctuation = {*range(0x2010, 0x2052), *range(0x3000, 0x3030), *range(0xFF01, 0xFF66), 0x20AC, 0x2122, 0x30FB, 0x30FC}
latin = {*range(0x20, 0x7F), *range(0xA0, 0x180)}
kana = set(range(0x3041, 0x3100))
others = {*range(0x370, 0x400), *range(0x400, 0x460), *range(0x2190, 0x2194)}

here = os.path.dirname(os.path.abspath(__file__))
for name, number, characters in [
    ("ja", 0, jis | kana | punctuation | latin),
    ("zh-hans", 2, gb | punctuation),
    ("zh-hant", 3, big5 | punctuation | others),
]:
    font = TTFont(sys.argv[1], fontNumber=number)
    o = subset.Options()
    o.layout_features, o.layout_scripts = ["kern"], ["latn", "DFLT"]
    o.hinting, o.notdef_outline, o.name_IDs = False, True, [0, 1, 2, 3, 4, 5, 6, 13, 14]
    o.drop_tables += ["BASE", "GSUB", "vhea", "vmtx", "VORG", "DSIG"]
    s = subset.Subsetter(o)
    s.populate(unicodes=characters)
    s.subset(font)
    font.save(os.path.join(here, name + ".otf"))
