from distribution.models.decision import Decision
from distribution.models.entity import Entity, Field
from distribution.models.lead import Lead, LeadSource
from distribution.models.partner import Partner
from distribution.models.profile import Assignment, CapCounter, Profile, Strategy

__all__ = [
    "Assignment",
    "CapCounter",
    "Decision",
    "Entity",
    "Field",
    "Lead",
    "LeadSource",
    "Partner",
    "Profile",
    "Strategy",
]
