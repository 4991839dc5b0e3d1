"""The `format` keyword of JSON Schema as promptfoo checks it, for the formats that schemas of answers use."""

from __future__ import annotations

import datetime
import ipaddress
import re
from collections.abc import Callable, Mapping

_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(\.\d+)?(z|[+-]\d\d(?::?\d\d)?)", re.IGNORECASE | re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_EMAIL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}", re.IGNORECASE)
_HOST = re.compile(rf"(?=.{{1,253}}\.?\Z){_LABEL}(?:\.{_LABEL})*\.?", re.IGNORECASE)
_URI = re.compile(r"[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`]+", re.IGNORECASE | re.ASCII)
_UUID = re.compile(r"(?:urn:uuid:)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_HOURS, _MINUTES, _SECONDS = 23, 59, 60


def _date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text)) and bool(datetime.date.fromisoformat(text))
    except ValueError:
        return False


def _time(text: str) -> bool:
    found = _TIME.fullmatch(text)
    if found is None:
        return False
    hours, minutes, seconds = (int(found.group(number)) for number in (1, 2, 3))
    leap = seconds < _SECONDS or (hours, minutes) == (_HOURS, _MINUTES)
    return hours <= _HOURS and minutes <= _MINUTES and seconds <= _SECONDS and leap


def _date_time(text: str) -> bool:
    day, *hour = re.split(r"[tT ]", text, maxsplit=1)
    return bool(hour) and _date(day) and _time(hour[0])


def _readable(read: Callable[[str], object]) -> Callable[[str], bool]:
    def fits(text: str) -> bool:
        try:
            read(text)
        except (ValueError, re.error):
            return False
        return True

    return fits


def _of_text(fits: Callable[[str], object]) -> Callable[[object], bool]:
    """A check of texts that any other value passes, as the standard has it."""
    return lambda value: not isinstance(value, str) or bool(fits(value))


_TEXT_FORMATS: Mapping[str, Callable[[str], object]] = {
    "date": _date,
    "time": _time,
    "date-time": _date_time,
    "email": _EMAIL.fullmatch,
    "hostname": _HOST.fullmatch,
    "ipv4": _readable(ipaddress.IPv4Address),
    "ipv6": _readable(ipaddress.IPv6Address),
    "uri": _URI.fullmatch,
    "uuid": _UUID.fullmatch,
    "regex": _readable(re.compile),
}
FORMATS: Mapping[str, Callable[[object], bool]] = {name: _of_text(fits) for name, fits in _TEXT_FORMATS.items()}
