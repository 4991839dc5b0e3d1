"""Patterns of JavaScript: they find here what they find there; each row was tried with Node."""

from __future__ import annotations

import pytest

from opro_action.suite.promptfoo.patterns import python_pattern, units


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"^\d{3}$", "123", True),
        (r"^\d{3}$", "123\n", False),
        (r"\d", "٣", False),
        (r"\w", "é", False),
        (r"\bclair", "éclair", True),
        (r"\s", "\u00a0", True),
        (r"\s", "\x1c", False),
        (r"[\s]", "\ufeff", True),
        (r"\S", "\u2003", False),
        ("^.$", "😀", False),
        ("^..$", "😀", True),
        ("[😀]", "😀", True),
        ("a.b", "a\u2028b", False),
        ("[^]", "\n", True),
        ("[]", "x", False),
        ("a{,2}$", "a{,2}", True),
        ("{x}", "{x}", True),
        (r"[\w-.]", "-", True),
        (r"[a-\d]", "-", True),
        (r"[\d-x]", "y", False),
        ("[[a]", "[", True),
        ("[a&&b]", "&", True),
        (r"(a)|b\1", "b", True),
        (r"(?<n>a)?\k<n>$", "", True),
        (r"(a)(b)\2\1", "abba", True),
        (r"\B", "", True),
        (r"[\b]", "\b", True),
        (r"\cJ", "\n", True),
        (r"\0", "\x00", True),
        (r"\u00e9\x41", "éA", True),
        (r"\q\-\/", "q-/", True),
        (r"(?<=a)b(?!c)", "ab", True),
        ("x]", "x]", True),
    ],
)
def test_a_pattern_finds_what_it_finds_in_javascript(pattern: str, text: str, found: bool) -> None:
    assert bool(python_pattern(pattern).search(units(text))) == found


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(?i)x", "has flags inside of it"),
        ("(?P<n>x)", "has flags inside of it"),
        ("x++", "repeats a repeat"),
        ("*x", "repeats nothing"),
        ("^*", "repeats nothing"),
        ("(?<=x)+", "repeats nothing"),
        ("(|*)", "repeats nothing"),
        ("[x", "has a `\\[` without its `\\]`"),
        (r"\p{L}", "has .p, which JavaScript knows with the flag u only"),
        (r"\u{1F600}", "has .u, which JavaScript knows with the flag u only"),
        (r"(a)\2", "a reference to a group that is not there"),
        (r"(?<ä-b>x)", "which is no name here"),
        ("(?<=x+)y", "look-behind requires fixed-width"),
        ("(x", "is not one that can be searched for here"),
        ("x\\", "ends in a backslash"),
    ],
)
def test_what_cannot_be_searched_for_says_why(pattern: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        python_pattern(pattern)
