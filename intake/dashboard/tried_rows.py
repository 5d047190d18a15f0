"""The first rows of a file as they would be stored, for people to look through."""

from collections.abc import Sequence
from dataclasses import dataclass

from distribution.fields import FieldSpec, display_text
from intake.imports.trying import Trial, TriedRow

_MOST_COLUMNS = 8


@dataclass(frozen=True, slots=True)
class ShownRow:
    number: int
    cells: list[str]
    faults: list[str]


@dataclass(frozen=True, slots=True)
class TrialTable:
    """labels: of the fields that some row brings, the first few."""

    trial: Trial
    labels: list[str]
    rows: list[ShownRow]


def trial_table(trial: Trial, specs: Sequence[FieldSpec]) -> TrialTable:
    brought = {key for row in trial.rows for key in row.values}
    shown = [spec for spec in specs if spec.key in brought][:_MOST_COLUMNS]
    return TrialTable(trial, [spec.label for spec in shown], [_shown(row, shown) for row in trial.rows])


def _shown(row: TriedRow, specs: Sequence[FieldSpec]) -> ShownRow:
    # What is encrypted comes masked, and is a text whatever its field is.
    cells = [str(row.values.get(spec.key, "")) if spec.is_encrypted else display_text(spec, row.values.get(spec.key)) for spec in specs]
    return ShownRow(row.row, cells, [fault.detail for fault in row.faults])
