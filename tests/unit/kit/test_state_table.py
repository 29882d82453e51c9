from __future__ import annotations

import pytest

from hub.kit import state_table


def test_what_stands_between_the_marks_is_replaced_and_nothing_else(tmp_path):
    file = tmp_path / "nouns.md"
    file.write_text("# States\n\n<!-- generated: make tables -->\nold\n<!-- end -->\n\n## Next\n", "utf-8")
    for _ in range(2):
        state_table.write(file, state_table.rows(("from", "to", ""), [(None, "new", "put in line")]))
        assert file.read_text("utf-8") == (
            "# States\n\n<!-- generated: make tables -->\n"
            "| from | to | |\n| --- | --- | --- |\n| | new | put in line |\n"
            "<!-- end -->\n\n## Next\n"
        )


@pytest.mark.parametrize("text", ["# States\n", "<!-- generated: make tables -->\nold\n", "old\n<!-- end -->\n"])
def test_a_document_without_marks_is_left_alone(tmp_path, text):
    file = tmp_path / "nouns.md"
    file.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="lacks the marks"):
        state_table.write(file, "new")
    assert file.read_text("utf-8") == text
