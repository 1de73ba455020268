"""From the checked shape of a pack's file to its values: what the parts say of each other must hold."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from app.kernel.errors import Fault
from app.policy.clause_numbers import plain_number
from app.policy.code_checks import code_faults
from app.policy.criteria import AllOf, AnyOf, Condition, Criterion
from app.policy.facts import FACTS, SOURCE_CLASSES
from app.policy.features import FEATURES
from app.policy.pack_file import PackFile, ParameterFile, RuleFile
from app.policy.packs import Citation, Clause, DatedValue, Pack, PackStatus, Parameter, Rule, RuleKind
from app.policy.parameter_types import read_value
from app.policy.parsing import parse_condition
from app.reference.book import ReferenceBook

ROUTES: Final = {
    "banks_credit_loan": "信用贷款开发能力较强的银行机构",
    "banks_legal_person": "法人银行机构",
    "banks_concerned": "具体涉及的银行机构",
    "guarantors": "融资担保机构",
    "coordination": "推进有效投资重要项目协调机制",
}
PLAN_ITEMS: Final = {
    "contracted": "签约机构",
    "priority_purposes": "重点用途",
    "products": "链上产品",
    "granted": "给予条件",
}
_CODE = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_FLAGS: Final = {name: fact.chinese for name, fact in FACTS.items() if fact.kind == "flag"}
_DATA: Final[Mapping[str, Mapping[str, Mapping[str, str] | None]]] = {
    # For each kind of rule its data keys; a mapping closes the values, None leaves them free.
    # What grants something may also name the `parameter` that bounds it.
    "admission": {"source_class": SOURCE_CLASSES},
    "bottleneck": {"class_code": None, "route": ROUTES, "responsible_body": None, "receiver": None},
    "derived": {"fact": _FLAGS},
    "chain": {"plan_item": PLAN_ITEMS, "grants": None},
    "subsidy": {"grants": None},
    "support": {"grants": None},
}


class PackReader:
    """Turns the shape of one file into values, checking what the parts say of each other and of codes."""

    def __init__(
        self, written: PackFile, folder: str, code: str, book: ReferenceBook, faults: list[Fault]
    ) -> None:
        self.written, self.folder, self.code = written, folder, code
        self.book, self.faults = book, faults
        self.clause_index = {plain_number(clause.number): i for i, clause in written.clauses.items()}
        self.items: dict[str, ParameterFile | RuleFile] = {
            **{f"parameters[{i}]": item for i, item in written.parameters.items()},
            **{f"rules[{i}]": item for i, item in written.rules.items()},
        }

    def fault(self, where: str, message: str, remedy: str, value: str = "") -> None:
        self.faults.append(Fault(where, message, remedy, value))

    def pack(self) -> Pack | None:
        """Answer the pack, or None after any fault; all of them are in `faults`."""
        self._check_head()
        self._check_keys()
        self._check_carriers()
        parameters, rules = tuple(self._parameters()), tuple(self._rules())
        head = self.written.head
        if head is None or self.faults:
            return None
        return Pack(
            code=self.code,
            name=head.name,
            title=head.title,
            number=head.number,
            cite_as=head.cite_as,
            issuers=tuple(head.issuers),
            jurisdiction=head.jurisdiction,
            status=PackStatus(head.status),
            source=head.source,
            issued_on=head.issued_on,
            effective_on=head.effective_on,
            effective_until=head.effective_until,
            source_file=head.source_file,
            source_sha256=head.source_sha256,
            notes=tuple(head.notes),
            clauses=tuple(self._clauses()),
            parameters=parameters,
            rules=rules,
        )

    def _check_head(self) -> None:
        head = self.written.head
        if not _CODE.fullmatch(self.code):
            self.fault(
                "",
                "the file's name is the pack's code",
                "Expected small letters, digits and hyphens.",
                self.code,
            )
        if head is None:
            return
        if head.jurisdiction != self.folder:
            self.fault(
                "jurisdiction", "not the name of the folder", f"Expected {self.folder!r}.", head.jurisdiction
            )
        elif self.book.regions.get(head.jurisdiction) is None:
            remedy = self.book.regions.hint(head.jurisdiction)
            self.fault("jurisdiction", "no region of today has this code", remedy, head.jurisdiction)
        if head.status != "draft" and head.effective_on is None:
            self.fault("effective_on", "only a draft has no date", "Expected a date such as 2023-10-12.")
        if (head.status == "expired") != (head.effective_until is not None):
            self.fault(
                "effective_until", "goes with status expired and with no other", "Give both or neither."
            )
        days = [head.issued_on, head.effective_on, head.effective_until]
        given = [day for day in days if day is not None]
        if given != sorted(given):
            self.fault(
                "effective_on",
                "the dates are out of order",
                "Expected issued_on, effective_on, effective_until.",
            )
        if (head.source == "document") != bool(head.source_sha256 and head.source_file):
            self.fault(
                "source_sha256",
                "goes with source: document",
                "Expected file name and 64 hex digits of its text.",
            )

    def _check_keys(self) -> None:
        numbers: dict[str, str] = {}
        for i, clause in self.written.clauses.items():
            where = f"clauses[{i}].number"
            first = numbers.setdefault(plain_number(clause.number), where)
            if first != where:
                self.fault(
                    where, f"the number stands at {first} too", "Each number once in a pack.", clause.number
                )
        keys: dict[str, str] = {}
        for place, item in self.items.items():
            first = keys.setdefault(item.key, place)
            if first != place:
                self.fault(
                    f"{place}.key", f"the key stands at {first} too", "Each key once in a pack.", item.key
                )
            self._check_citation(place, item)

    def _check_citation(self, where: str, item: ParameterFile | RuleFile) -> None:
        index = self.clause_index.get(plain_number(item.clause))
        if index is None:
            if item.clause not in self.written.numbers:
                self.fault(
                    f"{where}.clause",
                    "no such clause in this pack",
                    "Cite a clause by its number.",
                    item.clause,
                )
            return
        carrier = f"{'rule' if isinstance(item, RuleFile) else 'parameter'}:{item.key}"
        if carrier not in self.written.clauses[index].carried_by:
            remedy = f"Add {carrier} to carried_by of clause {item.clause}."
            self.fault(f"{where}.clause", "the cited clause does not name it", remedy, item.clause)

    def _check_carriers(self) -> None:
        known = self.written.keys | {f"feature:{key}" for key in FEATURES}
        for i, clause in self.written.clauses.items():
            if not clause.carried_by and not clause.reason:
                remedy = "Add carried_by, or a reason why software has nothing to carry."
                self.fault(f"clauses[{i}]", "names neither a carrier nor a reason", remedy, clause.number)
            for j, carrier in enumerate(clause.carried_by):
                if carrier not in known:
                    where = f"clauses[{i}].carried_by[{j}]"
                    remedy = (
                        "Expected a parameter or rule of this pack, or a feature of app/policy/features.py."
                    )
                    self.fault(where, "no such carrier", remedy, carrier)

    def _clauses(self) -> Iterator[Clause]:
        for clause in self.written.clauses.values():
            yield Clause(
                number=clause.number,
                heading=clause.heading,
                summary=clause.summary,
                lead=tuple(clause.lead),
                responsible=tuple(clause.responsible),
                carried_by=tuple(clause.carried_by),
                reason=clause.reason,
            )

    def _citation(self, number: str) -> Citation:
        index = self.clause_index.get(plain_number(number))
        printed = number if index is None else self.written.clauses[index].number
        head = self.written.head
        text = head.cite_as + head.clause_form.format(printed) if head else printed
        return Citation(self.code, printed, text)

    def _parameters(self) -> Iterator[Parameter]:
        for i, item in self.written.parameters.items():
            yield Parameter(
                key=item.key,
                name=item.name,
                type=item.type,
                unit=item.unit,
                values=tuple(self._dated_values(f"parameters[{i}]", item)),
                citation=self._citation(item.clause),
                note=item.note,
            )

    def _dated_values(self, where: str, item: ParameterFile) -> Iterator[DatedValue]:
        if (item.value is None) == (not item.values):
            self.fault(
                where, "value or values, one of them", "Expected value: X, or values: [{since, value}]."
            )
            return
        head = self.written.head
        start = head.effective_on if head and head.effective_on else date.min
        if not item.values:
            value = read_value(item.type, item.value, f"{where}.value", self.faults)
            yield from [] if value is None else [DatedValue(start, value)]
        days = [dated.since for dated in item.values]
        if days != sorted(set(days)) or any(day < start for day in days):
            self.fault(f"{where}.values", "days out of order or before effective_on", "Expected rising days.")
        for j, dated in enumerate(item.values):
            value = read_value(item.type, dated.value, f"{where}.values[{j}].value", self.faults)
            yield from [] if value is None else [DatedValue(dated.since, value)]

    def _rules(self) -> Iterator[Rule]:
        for i, item in self.written.rules.items():
            where = f"rules[{i}]"
            self._check_data(where, item)
            condition = parse_condition(item.when, f"{where}.when", self.faults)
            citation = self._citation(item.clause)
            if condition is not None:
                self.faults.extend(code_faults(condition, f"{where}.when", self.book))
                yield Rule(
                    key=item.key,
                    kind=RuleKind(item.kind),
                    name=item.name,
                    condition=cited(condition, citation.text),
                    data=dict(sorted(item.data.items())),
                    citation=citation,
                    is_regional=item.is_regional,
                    note=item.note,
                )

    def _check_data(self, where: str, item: RuleFile) -> None:
        keys = _DATA[item.kind]
        optional = {"parameter"} if "grants" in keys else set()
        if set(item.data) - optional != set(keys):
            expected = f"Expected {', '.join(keys)}."
            self.fault(f"{where}.data", f"not the data of kind {item.kind}", expected, ", ".join(item.data))
        for key, value in item.data.items():
            allowed = keys.get(key)
            if allowed is not None and value not in allowed:
                self.fault(
                    f"{where}.data.{key}", "unknown word", f"Expected one of {', '.join(allowed)}.", value
                )
        named = item.data.get("parameter")
        if named is not None and f"parameter:{named}" not in self.written.keys:
            self.fault(
                f"{where}.data.parameter", "no such parameter in this pack", "Name one of its keys.", named
            )


def cited(condition: Condition, source: str) -> Condition:
    """Answer a condition all of whose parts name their source, `source` where they named none."""
    own = condition.source or source
    match condition:
        case Criterion(fact=fact, operator=operator, operand=operand):
            return Criterion(fact, operator, operand, own)
        case AnyOf(criteria=parts):
            return AnyOf(tuple(cited(part, own) for part in parts), own)
        case AllOf(criteria=parts):
            return AllOf(tuple(cited(part, own) for part in parts), own)
