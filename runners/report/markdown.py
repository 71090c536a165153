"""Owns the Markdown report: the page's tables with one static picture, for a repository."""

from collections.abc import Sequence

from runners.report.audit_figures import audit_tables
from runners.report.compare import Comparison
from runners.report.fairness_figures import fairness_tables
from runners.report.files import write_text
from runners.report.load import Sweep
from runners.report.picture import accuracy_svg
from runners.report.privacy_figures import privacy_tables
from runners.report.table import Table, describe_unfinished, differences_table, summary_tables

PICTURE_NAME = "accuracy.svg"


def write_markdown(
    sweep: Sweep, comparison: Comparison, answer: Sequence[str], facts: Table
) -> None:
    """Write `report.md` and, when there are accuracies, `accuracy.svg` into the sweep's folder."""
    parts = [f"# {_escaped(sweep.folder.resolve().name)}", _escaped(" ".join(answer))]
    parts += [section(table) for table in summary_tables(sweep, comparison)]
    more = (*fairness_tables(sweep), *privacy_tables(sweep), *audit_tables(sweep))
    parts += [section(table) for table in more]
    if comparison.differences:
        parts.append(section(differences_table(comparison)))
    if sweep.has_accuracy:
        write_text(sweep.folder / PICTURE_NAME, accuracy_svg(sweep))
        parts.append(
            f"![Test accuracy against virtual time and against bytes moved]({PICTURE_NAME})"
        )
    parts.append(section(facts))
    unfinished = describe_unfinished(sweep)
    if unfinished:
        parts.append(
            "\n".join(
                ["## Runs that do not count", "", *(f"* {_escaped(line)}" for line in unfinished)]
            )
        )
    write_text(sweep.folder / "report.md", "\n\n".join(parts) + "\n")


def section(table: Table) -> str:
    """Return a table as Markdown, with its title and its note."""
    lines = [f"## {_escaped(table.title)}", ""]
    rulers = [
        "---" if number < table.num_text_columns else "---:" for number in range(len(table.columns))
    ]
    lines += [_row(table.columns), _row(rulers)]
    lines += [_row([_escaped(cell) for cell in row]) for row in table.rows]
    return "\n".join(lines + (["", _escaped(table.note)] if table.note else []))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Keep text from being read as Markdown or HTML."""
    for character in "\\|<*_`[":
        text = text.replace(character, "&lt;" if character == "<" else f"\\{character}")
    return text.replace("\n", " ")
