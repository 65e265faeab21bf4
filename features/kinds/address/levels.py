"""Splits a Chinese address into region, road, number, compound, building, unit and room."""

from __future__ import annotations

import re
from collections.abc import Container
from typing import NamedTuple

from features.kinds.address.regions import (
    CITIES,
    PREFECTURE_ENDINGS,
    PROVINCE_ENDINGS,
    PROVINCES,
    SHARED_DISTRICTS,
)


def _longest_first(words: tuple[str, ...] | list[str]) -> str:
    return "|".join(sorted(words, key=lambda w: (-len(w), w)))


_MUNICIPALITIES = frozenset({"北京", "天津", "上海", "重庆"})
_DIGITS = str.maketrans("〇零一二两三四五六七八九", "001223456789")
_NUMERAL = re.compile(r"[〇零一二两三四五六七八九十百]+(?=[号弄幢栋座楼层单元室房户组队期区])")
_BRACKETS = re.compile(r"[(\[【<][^)\]】>]*[)\]】>]?")
_RECEIVER = re.compile(
    r"(?:收件人|收货人|联系人|姓名)[::]?[\u4e00-\u9fff]{2,4}|[\u4e00-\u9fff]{2,3}(?:先生|女士|小姐|收)$"
)
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_NOISE = re.compile(r"[\s,,。、;;::·.•/\\\"'“”]+")
_PROVINCE_ENDING = re.compile(_longest_first(PROVINCE_ENDINGS))
_CITY_ENDING = re.compile(_longest_first(PREFECTURE_ENDINGS))
_DISTRICT = re.compile(
    r"(?P<district>[^路街道巷弄号园社校厂楼镇乡村里\d]{1,6}?)(?P<ending>新区|自治县|区|县|旗|市)(?![一-龥]?[路街道])"
)
_TOWN = re.compile(r"[^路街巷弄号\d]{1,6}?(?:街道办事处|街道办|街道|办事处|镇|乡)")
_ROAD = re.compile(r"(?P<road>[^\d]{1,12}?(?:大道|大街|胡同|路|街|道|巷|里|村)(?:[东南西北中]段)?)")
_NUMBER = re.compile(r"(?P<number>\d+(?:弄\d+)?(?:-\d+)?)(?:号院|号|弄|院)")
_TRIPLE = re.compile(r"(?P<building>\d+)-(?:(?P<unit>\d+)-)?(?P<room>\d{2,5}[a-z]?)(?:室|房|户)?$")
_BUILDING = re.compile(r"(?P<building>\d+|[a-z])(?:号楼|栋|幢|座|#楼|#|号院|楼座)")
_UNIT = re.compile(r"(?P<unit>\d+|[a-z])单元")
_FLOOR = re.compile(r"(?P<floor>\d+)(?:楼|层|f)(?P<room>\d+)?")
_ROOM = re.compile(r"(?P<room>\d{2,5}[a-z]?)(?:室|房|户)?$|(?P<named>\d+[a-z]?)(?:室|房|户)")
_FILLER = re.compile(r"(?:小区|社区|居民区|住宅区|附近|对面|旁边?|门口|内|里面)$")


class Levels(NamedTuple):
    """The parts found, each "" when not named. `region` is the district, with its city where the name is shared."""

    province: str = ""
    city: str = ""
    district: str = ""
    town: str = ""
    road: str = ""
    number: str = ""
    compound: str = ""
    block: str = ""
    unit: str = ""
    room: str = ""

    @property
    def region(self) -> str:
        """What tells the place apart when province and city are left out, as people do."""
        if self.district and self.district not in SHARED_DISTRICTS:
            return self.district
        return f"{self.city}{self.district}" or self.province

    @property
    def building(self) -> str:
        """Everything down to the building, without what people leave out or add at will."""
        town = "" if self.road else self.town
        return "|".join((self.region, town, self.road, self.number, self.compound, self.block))

    @property
    def door(self) -> str:
        """Unit and room; "" when the address names no room."""
        return f"{self.unit}-{self.room}" if self.room else ""

    @property
    def has_building(self) -> bool:
        """Whether the address goes further than a region or a bare road."""
        return bool(self.compound or self.block or (self.road and self.number))


def _number(match: re.Match[str]) -> str:
    text = match.group().translate(_DIGITS)
    if "百" in text or "十" in text:
        hundreds, hundred, rest = text.rpartition("百")
        tens, ten, ones = rest.rpartition("十")
        value = (int(hundreds or 1) * 100 if hundred else 0) + (int(tens or 1) * 10 if ten else 0)
        return str(value + int(ones or 0))
    return text


def parse(text: str) -> Levels:
    """The levels of one address; names and telephone numbers of the receiver are left out."""
    if "(" in text or "[" in text or "【" in text or "<" in text:
        text = _BRACKETS.sub("", text)
    text = _NOISE.sub("", _PHONE.sub("", text)).casefold()
    text = _NUMERAL.sub(_number, _RECEIVER.sub("", text))
    found: dict[str, str] = {}
    rest = _house(_street(_region(text, found), found), found)
    found["compound"] = _FILLER.sub("", rest.strip("-#号"))
    return Levels(**found)


def _leading(text: str, names: Container[str]) -> str:
    """The longest of `names` (two to five characters) with which the text begins, or ""."""
    for length in (5, 4, 3, 2):
        if text[:length] in names:
            return text[:length]
    return ""


def _region(text: str, found: dict[str, str]) -> str:
    text = text.removeprefix("中国")
    if province := _leading(text, PROVINCES):
        ending = _PROVINCE_ENDING.match(text, len(province))
        end = ending.end() if ending else len(province)
        # 吉林 is a province and a city: 吉林市 is read as the city.
        if not (province in CITIES and text[end - 1] == "市") or text.startswith(province, 3):
            found["province"], text = province, text[end:]
        if province in _MUNICIPALITIES:
            found["city"] = province
    if city := _leading(text, CITIES):
        ending = _CITY_ENDING.match(text, len(city))
        end = ending.end() if ending else len(city)
        if ending or "province" in found or _DISTRICT.match(text, end):
            found["city"], text = city, text[end:]
    if match := _DISTRICT.match(text):
        found["district"] = match["district"]
        text = text[match.end() :]
    if match := _TOWN.match(text):
        found["town"] = match.group()
        text = text[match.end() :]
    return text


def _street(text: str, found: dict[str, str]) -> str:
    if match := _ROAD.match(text):
        found["road"] = match["road"]
        text = text[match.end() :]
    if (match := _NUMBER.match(text)) and not text.startswith("楼", match.end()):
        found["number"] = match["number"]
        text = text[match.end() :]
    return text


def _house(text: str, found: dict[str, str]) -> str:
    """Building, unit and room stand at the end; what is left in front of them names the compound."""
    if match := _TRIPLE.search(text):
        found |= {"block": match["building"], "unit": match["unit"] or "", "room": match["room"]}
        return text[: match.start()]
    cut = len(text)
    if match := _BUILDING.search(text):
        found["block"], cut = match["building"], match.start()
    if match := _UNIT.search(text):
        found["unit"], cut = match["unit"], min(cut, match.start())
    if match := _FLOOR.search(text, min(cut + 1, len(text)) if "block" in found else 0):
        cut = min(cut, match.start())
    if match := _ROOM.search(text):
        found["room"], cut = match["room"] or match["named"], min(cut, match.start())
    return text[:cut]
