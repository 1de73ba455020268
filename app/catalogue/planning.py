"""What an import would do to the catalogue: decided on values, before anything is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.catalogue.revisions import ProductContent, changed_keys
from app.catalogue.rules import NATION, ProductTerms
from app.catalogue.schemas import ProductIn
from app.institutions.rules import InstitutionKind, InstitutionTree
from app.kernel.errors import Fault
from app.policy.code_checks import code_faults
from app.policy.yaml_records import Placed
from app.reference.book import ReferenceBook


@dataclass(frozen=True, slots=True)
class StoredProduct:
    """A product as the catalogue holds it: by whom it is offered, and its current revision."""

    institution: str
    content_hash: str
    content: ProductContent


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What product terms may refer to."""

    tree: InstitutionTree
    chains: frozenset[str]
    book: ReferenceBook


@dataclass(frozen=True, slots=True)
class PlannedProduct:
    """One product of an import with its content; `changed` names what is revised (new: nothing)."""

    code: str
    institution: str
    content: ProductContent
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CataloguePlan:
    """Products to add and to revise; `same` counts those that say what is stored already."""

    new: tuple[PlannedProduct, ...]
    revised: tuple[PlannedProduct, ...]
    same: int
    faults: tuple[Fault, ...]


def plan_import(
    placed: Sequence[Placed[Any]], stored: Mapping[str, StoredProduct], around: Surroundings
) -> CataloguePlan:
    """Compare product records (`ProductIn`) with what is stored, by code.

    Faults name every contradiction: a code given twice, an unknown institution, region, industry or
    chain, a product of another institution, a form that its institution cannot offer.
    """
    faults: list[Fault] = []
    new, revised, same = [], [], 0
    seen: set[str] = set()
    for item in placed:
        record: ProductIn = item.record
        if record.code in seen:
            faults.append(item.fault("code", "this code stands twice in the file", "Keep one.", record.code))
        seen.add(record.code)
        faults += _faults_of_offer(item, stored.get(record.code), around.tree)
        faults += faults_of_terms(item, record.terms, around)
        content, before = record.content(), stored.get(record.code)
        if before is None:
            new.append(PlannedProduct(record.code, record.institution, content))
        elif before.content_hash != content.sha256():
            changed = content_changes(before.content, content)
            revised.append(PlannedProduct(record.code, record.institution, content, changed))
        else:
            same += 1
    return CataloguePlan(tuple(new), tuple(revised), same, tuple(faults))


def content_changes(older: ProductContent, newer: ProductContent) -> tuple[str, ...]:
    """Answer what differs between two contents of a product: such as `name` or `terms.amount`."""
    return changed_keys(written_content(older), written_content(newer))


def written_content(content: ProductContent) -> dict[str, Any]:
    """Answer a content as flat keys and JSON values, for comparison and display."""
    terms = content.terms.model_dump(mode="json")
    return {f"terms.{key}": value for key, value in terms.items()} | {
        "name": content.name,
        "valid_from": content.valid_from.isoformat(),
        "valid_until": content.valid_until.isoformat() if content.valid_until else None,
        "is_demo": content.is_demo,
    }


def faults_of_terms(item: Placed[Any], terms: ProductTerms, around: Surroundings) -> Iterable[Fault]:
    """Name the regions, industries and chains of product terms, criteria among them, that are not known."""
    for code in terms.areas:
        if code != NATION and around.book.regions.get(code) is None:
            remedy = around.book.regions.hint(code)
            yield item.fault("terms.areas", "no region of today has this code", remedy, code)
    for code in terms.industries:
        if around.book.industries.parse(code) is None:
            remedy = "Write section letter and digits, such as C3412."
            yield item.fault("terms.industries", "not in GB/T 4754-2017", remedy, code)
    for code in terms.chains:
        if code not in around.chains:
            remedy = "Import the chain first (rongqiao chains import), or correct the code."
            yield item.fault("terms.chains", "no such chain", remedy, code)
    for i, criterion in enumerate(terms.criteria):
        for fault in code_faults(criterion, f"terms.criteria.{i}", around.book):
            yield item.fault(fault.where, fault.message, fault.remedy, fault.value)


def _faults_of_offer(
    item: Placed[Any], before: StoredProduct | None, tree: InstitutionTree
) -> Iterable[Fault]:
    record: ProductIn = item.record
    node = tree.find(record.institution)
    if node is None:
        remedy = "Import the institution first (rongqiao institutions import), or correct the code."
        yield item.fault("institution", "no such institution", remedy, record.institution)
    elif node.kind.is_body:
        message = f"{node.name} is a public body and offers no product"
        yield item.fault("institution", message, "Name a bank or guarantor.", record.institution)
    elif (node.kind is InstitutionKind.GUARANTOR) != (record.terms.form == "guarantee"):
        message = "a guarantor offers guarantees, and only a guarantor does"
        yield item.fault("terms.form", message, f"{node.name} is of the kind {node.kind}.", record.terms.form)
    if before is not None and before.institution != record.institution:
        message = f"the product belongs to {before.institution}"
        remedy = "Give the product of another institution a code of its own."
        yield item.fault("institution", message, remedy, record.institution)
