"""The catalogue of matters (事项): what one may apply for, what is asked, who does what, and by when."""

from services.frontdesk.matters.catalogue import DATA, BrokenMatters, Catalogue, UnknownMatter, catalogue
from services.frontdesk.matters.conditions import Condition
from services.frontdesk.matters.files import Finding, check, read_text
from services.frontdesk.matters.matter import Certificate, Choice, Field, Group, Material, Matter, Step, Text
from services.frontdesk.matters.plan import next_steps, plan, verdict

__all__ = [
    "DATA",
    "BrokenMatters",
    "Catalogue",
    "Certificate",
    "Choice",
    "Condition",
    "Field",
    "Finding",
    "Group",
    "Material",
    "Matter",
    "Step",
    "Text",
    "UnknownMatter",
    "catalogue",
    "check",
    "next_steps",
    "plan",
    "read_text",
    "verdict",
]
