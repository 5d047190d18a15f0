from intake.models.idempotency import IdempotencyKey
from intake.models.imports import Import, ImportFaultyRows, ImportPart, ImportState
from intake.models.lead_form import LeadForm

__all__ = ["IdempotencyKey", "Import", "ImportFaultyRows", "ImportPart", "ImportState", "LeadForm"]
