from distribution.models.decision import Decision
from distribution.models.entity import Entity, Field
from distribution.models.lead import Lead, LeadMatch, LeadSource
from distribution.models.partner import Partner
from distribution.models.profile import Assignment, AtCap, CapCounter, Profile, Strategy, Turn

__all__ = [
    "Assignment",
    "AtCap",
    "CapCounter",
    "Decision",
    "Entity",
    "Field",
    "Lead",
    "LeadMatch",
    "LeadSource",
    "Partner",
    "Profile",
    "Strategy",
    "Turn",
]
