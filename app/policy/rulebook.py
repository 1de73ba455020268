"""What applies to one jurisdiction on one day: every rule and value with its citation."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from app.kernel.errors import Fault, NotFound
from app.policy.criteria import AllOf, AnyOf, Condition, Criterion
from app.policy.packs import FeeTier, LoadTier, ParameterValue, RuleKind, Source
from app.policy.parsing import condition_as_data

BOTTLENECK_ORDER = "bottlenecks.order"


@dataclass(frozen=True, slots=True)
class AppliedRule:
    """A rule as it applies: whose it is, where it is written, and how it came to be adopted."""

    key: str
    name: str
    condition: Condition
    citation: str
    data: Mapping[str, str]
    adopted: str
    kind: RuleKind
    pack: str
    clause: str
    jurisdiction: str
    source: Source


@dataclass(frozen=True, slots=True)
class AppliedParameter:
    """A value as it applies on a day; money is fen, percent a Decimal, lengths whole numbers of `unit`.

    `note` is what its pack says of the text's own wording; it explains and decides nothing.
    """

    key: str
    value: ParameterValue
    citation: str
    adopted: str
    name: str
    type: str
    unit: str
    since: date
    pack: str
    clause: str
    jurisdiction: str
    source: Source
    note: str = field(default="", compare=False)


@dataclass(frozen=True)
class RuleBook:
    """All that applies in `jurisdiction` on day `on`; equal content has equal `sha256`."""

    jurisdiction: str
    on: date
    rules: tuple[AppliedRule, ...]
    parameters: tuple[AppliedParameter, ...]

    def of_kind(self, kind: RuleKind) -> tuple[AppliedRule, ...]:
        """Answer the rules of a kind, by key."""
        return tuple(rule for rule in self.rules if rule.kind is kind)

    @cached_property
    def admission(self) -> tuple[AppliedRule, ...]:
        """Who belongs on the whitelist; `data["source_class"]` is the class of 名单类别."""
        return self.of_kind(RuleKind.ADMISSION)

    @cached_property
    def bottlenecks(self) -> tuple[AppliedRule, ...]:
        """Classes of obstacles; `data` has class_code, route, responsible_body and receiver."""
        return self.of_kind(RuleKind.BOTTLENECK)

    @cached_property
    def derived(self) -> tuple[AppliedRule, ...]:
        """Facts that follow from others unless they are stated; `data["fact"]` names the flag."""
        return self.of_kind(RuleKind.DERIVED)

    @cached_property
    def bottleneck_order(self) -> tuple[str, ...]:
        """Class codes, the obstacle that has to go first at the front."""
        order = self.parameter(BOTTLENECK_ORDER).value
        assert isinstance(order, tuple)
        return tuple(str(code) for code in order)

    @cached_property
    def _parameters_by_key(self) -> Mapping[str, AppliedParameter]:
        return {parameter.key: parameter for parameter in self.parameters}

    def sets(self, key: str) -> bool:
        """Say whether anything that applies sets a value."""
        return key in self._parameters_by_key

    def parameter(self, key: str) -> AppliedParameter:
        """Answer the value that applies, with its clause.

        Raises:
            NotFound: nothing in force for this jurisdiction on this day sets it.
        """
        found = self._parameters_by_key.get(key)
        if found is None:
            detail = f"No policy in force sets {key} for {self.jurisdiction} on {self.on.isoformat()}."
            raise NotFound(detail, [Fault("key", "not set here on that day", value=key)])
        return found

    @cached_property
    def sha256(self) -> str:
        """Answer the hash of every rule and value that applies, with citations and adoptions."""
        content = [self.jurisdiction, [_plain(rule) for rule in self.rules]]
        content.append([_plain(parameter) for parameter in self.parameters])
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    match value:
        case Mapping():
            return {key: _plain(item) for key, item in value.items()}
        case tuple():
            return [_plain(item) for item in value]
        case Decimal() | date():
            return str(value)
        case Criterion() | AnyOf() | AllOf():
            return condition_as_data(value)
        case AppliedRule() | AppliedParameter() | FeeTier() | LoadTier():
            decisive = (each.name for each in fields(value) if each.compare)
            return {name: _plain(getattr(value, name)) for name in decisive}
        case _:
            return value
