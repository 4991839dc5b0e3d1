"""How a text is spelled in its place in a YAML file: in the style that stands there, where that can carry it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from opro_action.suite.yaml_place import Place, header_of

# Outside of these YAML wants an escape. U+0085, U+2028 and U+2029 end a line in YAML 1.1 and do not in 1.2, and a
# byte order mark is white space to some readers: written as escapes they are the same to all.
_ESCAPED = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_PLAIN = re.compile(r"[^\W\d_](?:[^\s:#]|:(?=[^\s:#])|(?<=[^\s:])#|[ ](?=[^\s#]))*")
_FLOW_MARKS = re.compile(r"[\[\]{},:]")
_OTHER_MEANING = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_BREAKABLE = re.compile(r"(?<=[^ \t]) (?=[^ \t])")
_LARGEST_INDICATOR = 9
_NARROWEST = 40
_STEP = 2


def spell(place: Place, text: str) -> bytes:
    """The bytes that stand for `text` in `place`: with them the file reads as this text there, and else as before.

    Block scalars keep style, indentation and the comment in their first line; a quoted text stays quoted; a plain
    one is quoted, or put into a block when it has several lines. What a style cannot carry is double-quoted. Raises
    UnicodeEncodeError for half of a surrogate pair, which no file can hold.
    """
    text.encode()
    if text == place.text:
        return place.source.encode()
    for source in _ways(place, text):
        if place.reads_as(source, text):
            return source.encode()
    raise ValueError(f"the text cannot be written into the file at byte {len(place.before)}")


def _ways(place: Place, text: str) -> Iterator[str]:
    """Spellings that may do, the best first; the last one always does."""
    carried = not _ESCAPED.search(text)
    if place.style == ">" and carried:
        yield from _block(place, text, ">", _folded(text, place))
    if _wants_block(place, text) and carried:
        yield from _block(place, text, "|", text.rstrip("\n").split("\n"))
    if carried and "\n" not in text:
        if not place.style and _is_plain(text, place.flow):
            yield text
        if place.style == "'" or (not place.style and '"' in text and "'" not in text):
            yield "'" + text.replace("'", "''") + "'"
    yield _double_quoted(text) + header_of(place.source)[1]


def _wants_block(place: Place, text: str) -> bool:
    return place.style in {"|", ">"} or (not place.style and "\n" in text and not place.flow)


def _is_plain(text: str, flow: bool) -> bool:
    if text.lower() in _OTHER_MEANING or (flow and _FLOW_MARKS.search(text)):
        return False
    return bool(_PLAIN.fullmatch(text))


def _double_quoted(text: str) -> str:
    """With escapes that JSON has too, so that it may stand in a JSON file."""
    escaped = "".join(_SHORT.get(char, char) for char in text)
    return '"' + _ESCAPED.sub(lambda found: f"\\u{ord(found.group()):04x}", escaped) + '"'


def _block(place: Place, text: str, style: str, lines: Sequence[str]) -> Iterator[str]:
    """The text as a block scalar, if it can be one here: readers differ over a last line that is only white space."""
    breaks = len(text) - len(text.rstrip("\n"))
    indent = place.content_indent or place.indent + _STEP
    more = breaks - 1 - place.blank_lines_after if breaks > 1 else 0
    given, comment = header_of(place.source)
    first = next((line for line in lines if line), "")
    mark = str(indent - place.indent) if first[:1] == " " or re.search(r"\d", given) else ""
    if not lines[-1].strip() or more < 0 or (mark and not 0 < int(mark) <= _LARGEST_INDICATOR):
        return
    header = style + mark + {0: "-", 1: ""}.get(breaks, "+") + comment
    last = 1 if breaks and not place.after else 0
    yield place.newline.join([header, *(line and " " * indent + line for line in lines), *[""] * (more + last)])


def _folded(text: str, place: Place) -> list[str]:
    """The lines of a folded scalar: long ones broken at a space, and a line more wherever the text has a break.

    A break beside a line that starts with white space is kept as it is.
    """
    width = max(_NARROWEST, *(len(line) - place.content_indent for line in place.source.splitlines()[1:]), 0)
    found: list[str] = []
    folds = False
    for line in text.rstrip("\n").split("\n"):
        spaced = line.startswith((" ", "\t"))
        if line and not spaced and folds:
            found.append("")
        found += [line] if spaced else _filled(line, width)
        folds = not spaced if line else folds
    return found


def _filled(line: str, width: int) -> list[str]:
    rows = [""]
    for word in _BREAKABLE.split(line):
        if rows[-1] and len(rows[-1]) + 1 + len(word) > width:
            rows.append(word)
        else:
            rows[-1] += f" {word}" if rows[-1] else word
    return rows
