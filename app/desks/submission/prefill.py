"""What is known already, as somebody would have typed it: nobody is asked twice. Pure."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.desks.submission.fields import NONE_OF_THEM, STEPS, Asked, Kind
from app.enterprises.need_facts import NeedFacts
from app.enterprises.schemas import Contact, EnterpriseOut
from app.kernel.money import wan_text
from app.reference.book import ReferenceBook

Typed = Mapping[str, Mapping[str, list[str]]]


def of_need(facts: NeedFacts, firm: EnterpriseOut, book: ReferenceBook) -> Typed:
    """Answer a stored statement as typed answers by step."""
    known = {name: getattr(facts, name) for name in NeedFacts.model_fields}
    known["subject"] = "enterprise" if facts.project_name is None else "project"
    known["name"] = firm.name
    if facts.project_name is not None:
        known |= {"project_region": facts.region, "region": firm.region}
    return _typed(known, book)


def of_firm(firm: EnterpriseOut, contact: Contact, book: ReferenceBook) -> Typed:
    """Answer what is known of a firm that states its first need."""
    profile = firm.model_dump(include={"name", "region", "industry", "established_on", "ownership"})
    return _typed(profile | {"contact_name": contact.name, "contact_phone": contact.phone}, book)


def of_registration(name: str, region: str, book: ReferenceBook) -> Typed:
    """Answer what somebody said of a firm that is not stored yet."""
    return _typed({"name": name, "region": region}, book)


def place_text(kind: Kind, code: str, book: ReferenceBook) -> str:
    """Answer a region or industry as it stands in its field: the code, then the name."""
    if kind is Kind.REGION:
        return f"{code} {book.regions.full_name(code)}".strip()
    industry = book.industries.parse(code)
    return f"{code} {industry.name}" if industry else code


def _typed(known: Mapping[str, Any], book: ReferenceBook) -> Typed:
    return {
        step.slug: {
            asked.name: _as_typed(asked, known[asked.name], book)
            for asked in step.fields
            if known.get(asked.name) is not None
        }
        for step in STEPS
    }


def _as_typed(asked: Asked, value: Any, book: ReferenceBook) -> list[str]:  # noqa: PLR0911 - one for each kind
    match asked.kind, value:
        case Kind.AMOUNT, int():
            return [wan_text(value)]
        case Kind.YES_NO, bool():
            return ["yes" if value else "no"]
        case Kind.ANY, list():
            return [str(one) for one in value] or [NONE_OF_THEM]
        case Kind.NAMES, list():
            return ["\n".join(value)]
        case ((Kind.REGION | Kind.INDUSTRY), str()):
            return [place_text(asked.kind, value, book)]
        case _, date():
            return [value.isoformat()]
        case _:
            return [str(value)]
