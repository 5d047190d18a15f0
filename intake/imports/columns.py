"""The columns of an uploaded file, with what they probably bring."""

from dataclasses import dataclass

from accounts.access import Access
from accounts.audit import MASK
from distribution.entity_table import EntityTable
from intake.imports.guessing import guess_fields
from intake.imports.sealed_parts import first_rows, open_names
from intake.models import Import
from intake.routing_cache import account_table

_LOOKED_AT = 100
_SAMPLES = 3
_SAMPLE_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Column:
    """samples: its first values, cut; empty once the file is destroyed. field, confidence: see intake.imports.guessing.Guess."""

    index: int
    name: str
    samples: list[str]
    field: str | None
    confidence: str | None


def columns_of(access: Access, record: Import) -> list[Column]:
    """Empty when nothing of the file is left. Samples are for those who may import; of a column that is guessed to be encrypted, for nobody."""
    names = open_names(access, record)
    rows = [row.cells for row in first_rows(access, record.id, _LOOKED_AT)]
    specs = entity_of(access, record).specs
    guesses = guess_fields(specs, names, rows)
    encrypted = {spec.key for spec in specs if spec.is_encrypted}
    columns = []
    for index, (name, guess) in enumerate(zip(names, guesses, strict=True)):
        cells = [row[index].strip() for row in rows if index < len(row) and row[index].strip()]
        samples = [cell[:_SAMPLE_CHARACTERS] for cell in cells[:_SAMPLES]] if "write" in access.scopes else []
        if guess.field and guess.field.partition(".")[0] in encrypted:
            samples = [MASK for _ in samples]
        columns.append(Column(index, name, samples, guess.field, guess.confidence))
    return columns


def entity_of(access: Access, record: Import) -> EntityTable:
    return account_table(access).entities[str(record.entity_id)]
