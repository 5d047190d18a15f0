from intake.models.idempotency import IdempotencyKey
from intake.models.imports import Import, ImportFaultyRows, ImportPart, ImportState

__all__ = ["IdempotencyKey", "Import", "ImportFaultyRows", "ImportPart", "ImportState"]
