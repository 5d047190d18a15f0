"""Fields of an Entity: described, then used to check and normalise what leads bring. Pure: no Django, no database."""

from distribution.fields.cleaner import Cleaned, Cleaner, compile_cleaner
from distribution.fields.describe import clean_field_spec, clean_field_specs
from distribution.fields.display import display_text, lead_contact, lead_name
from distribution.fields.faults import Fault
from distribution.fields.spec import ADDRESS_PARTS, FIELD_TYPES, RESERVED_KEYS, SYSTEM_KEYS, FieldSpec

__all__ = [
    "ADDRESS_PARTS",
    "FIELD_TYPES",
    "RESERVED_KEYS",
    "SYSTEM_KEYS",
    "Cleaned",
    "Cleaner",
    "Fault",
    "FieldSpec",
    "clean_field_spec",
    "clean_field_specs",
    "compile_cleaner",
    "display_text",
    "lead_contact",
    "lead_name",
]
