"""Splits a Chinese address into region, road, number, compound, building, unit and room."""

from __future__ import annotations

import re
from dataclasses import dataclass

_DIGITS = str.maketrans("〇零一二三四五六七八九", "00123456789")
_NUMERAL = re.compile(r"[〇零一二三四五六七八九十百]+(?=[号弄幢栋座楼层单元室房户组队村期区])")
_NAME = re.compile(r"(?:收件人|收货人|联系人|姓名)[::]?\s*[\u4e00-\u9fff]{2,4}[,,;;\s]*|[((][^))]*[))]")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_NOISE = re.compile(r"[\s,,。、;;::·.]+")
_REGION = re.compile(
    r"(?:(?P<province>[\u4e00-\u9fff]{2,3}(?:省|自治区)|内蒙古自治区|广西壮族自治区|宁夏回族自治区|新疆维吾尔自治区))?"
    r"(?:(?P<city>[\u4e00-\u9fff]{2,7}?(?:市|自治州|地区|盟)))?"
    r"(?:(?P<district>[\u4e00-\u9fff]{1,7}?(?:新区|区|县|旗|市)))?"
)
_BUILDING = re.compile(r"(\d+|[a-z])(?:号楼|栋|幢|座|号院|#楼|#)")
_UNIT = re.compile(r"(\d+|[a-z])单元")
_ROOM = re.compile(r"(\d+[a-z]?)(?:室|房|户)?$")


@dataclass(frozen=True)
class Levels:
    """The parts found. `building` is everything down to the building, `door` unit and room ("" when not named)."""

    region: str
    building: str
    door: str

    @property
    def has_building(self) -> bool:
        """Whether more than the region is known."""
        return len(self.building) > len(self.region) + 2


def _number(match: re.Match[str]) -> str:
    text = match.group().translate(_DIGITS)
    if "百" in text or "十" in text:
        hundreds, _, rest = text.rpartition("百")
        tens, ten, ones = rest.rpartition("十")
        value = (int(hundreds or 1) * 100 if "百" in text else 0) + (int(tens or 1) * 10 if ten else 0)
        return str(value + int(ones or 0))
    return text


def parse(text: str) -> Levels:
    """The levels of one address, names and telephone numbers of the receiver left out."""
    text = _NOISE.sub("", _PHONE.sub("", _NAME.sub("", text))).casefold()
    text = _NUMERAL.sub(_number, text)
    region = _REGION.match(text)
    head = region.group() if region else ""
    rest = text[len(head) :]
    unit = _UNIT.search(rest)
    room = _ROOM.search(rest)
    cut = min([m.start() for m in (unit, room) if m] or [len(rest)])
    door = "-".join(m.group(1) for m in (unit, room) if m)
    return Levels(head, head + _BUILDING.sub(r"\1栋", rest[:cut]), door)
