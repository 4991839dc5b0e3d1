import pytest

from opro_action.report import workflow


def test_an_annotation_stays_on_one_line_and_keeps_its_percent_signs() -> None:
    assert workflow.command("error", "50 %\nof it\r") == "::error::50 %25%0Aof it%0D"


def test_each_silence_has_its_own_mark_that_its_second_line_ends() -> None:
    stop, resume = workflow.silence()
    assert stop == "::stop-commands::" + resume.strip(":")
    assert workflow.silence() != (stop, resume)


def test_an_output_with_a_line_break_sets_no_second_output() -> None:
    text = workflow.outputs({"plan": "a\naccepted=true\n"})
    first, *inside, last = text.splitlines()
    name, mark = first.split("<<")
    assert name == "plan"
    assert last == mark
    assert inside == ["a", "accepted=true", ""]


def test_sections_start_at_headings_outside_of_code() -> None:
    text = "intro\n# One\n````text\n# no heading\n```\n# nor this\n````\n## Two\nend"
    assert list(workflow.sections(text)) == [
        "intro\n",
        "# One\n````text\n# no heading\n```\n# nor this\n````\n",
        "## Two\nend",
    ]


def test_a_summary_that_fits_is_kept_as_it_is() -> None:
    assert workflow.shortened("# A\ntext\n") == "# A\ntext\n"


def test_a_summary_that_is_too_long_loses_its_last_sections_whole() -> None:
    text = "# A\n" + "ä" * 100 + "\n# B\n" + "b" * 300 + "\n# C\nc\n"
    short = workflow.shortened(text, limit=500)
    assert short.startswith("# A\n" + "ä" * 100 + "\n\n2 of 3 sections left out")
    assert len(short.encode()) <= 500


def test_a_summary_of_one_section_that_is_too_long_becomes_a_note() -> None:
    assert workflow.shortened("x" * 600, limit=500).startswith("\n1 of 1 sections left out")


def test_the_place_of_an_annotation_cannot_end_early() -> None:
    made = workflow.command("error", "a:b,c", file="x,y:z\n.yaml", line=3)
    assert made == "::error file=x%2Cy%3Az%0A.yaml,line=3::a:b,c"


def test_the_log_is_obeyed_again_after_a_failure() -> None:
    said: list[str] = []
    with pytest.raises(ValueError, match="broken"), workflow.silenced(said.append):
        raise ValueError("broken")
    assert said[0] == f"::stop-commands::{said[1].strip(':')}"
