"""Kinds of institutions, as the policy texts tell them apart."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class InstitutionKind(StrEnum):
    """What an institution is; the roles of banks are those of 金发〔2024〕5号 (十)."""

    POLICY = "policy"
    LARGE = "large"
    JOINT_STOCK = "joint_stock"
    CITY_COMMERCIAL = "city_commercial"
    RURAL_COMMERCIAL = "rural_commercial"
    VILLAGE = "village"
    POSTAL = "postal"
    FOREIGN = "foreign"
    NON_BANK = "non_bank"
    GUARANTOR = "guarantor"
    REGULATOR = "regulator"
    COORDINATOR_BODY = "coordinator_body"

    @property
    def chinese(self) -> str:
        """Answer the kind's Chinese name."""
        return KINDS[self]

    @property
    def is_bank(self) -> bool:
        """Tell whether it lends as a bank."""
        return self not in _NO_BANKS

    @property
    def is_local_legal_person(self) -> bool:
        """Tell whether it is a local legal-person bank 地方法人银行 (黑银发〔2023〕25号 四、十六)."""
        return self in _LOCAL_LEGAL_PERSONS

    @property
    def is_body(self) -> bool:
        """Tell whether it is a public body, which coordinates and neither lends nor guarantees."""
        return self in {InstitutionKind.REGULATOR, InstitutionKind.COORDINATOR_BODY}


KINDS: Final[Mapping[InstitutionKind, str]] = {
    InstitutionKind.POLICY: "政策性银行",
    InstitutionKind.LARGE: "大型银行",
    InstitutionKind.JOINT_STOCK: "股份制银行",
    InstitutionKind.CITY_COMMERCIAL: "城市商业银行",
    InstitutionKind.RURAL_COMMERCIAL: "农村商业银行",
    InstitutionKind.VILLAGE: "村镇银行",
    InstitutionKind.POSTAL: "邮政储蓄银行",
    InstitutionKind.FOREIGN: "外资银行",
    InstitutionKind.NON_BANK: "非银行金融机构",
    InstitutionKind.GUARANTOR: "融资担保机构",
    InstitutionKind.REGULATOR: "地方金融监管局",
    InstitutionKind.COORDINATOR_BODY: "重要项目协调机制",
}
_NO_BANKS = frozenset(
    {
        InstitutionKind.NON_BANK,
        InstitutionKind.GUARANTOR,
        InstitutionKind.REGULATOR,
        InstitutionKind.COORDINATOR_BODY,
    }
)
_LOCAL_LEGAL_PERSONS = frozenset(
    {InstitutionKind.CITY_COMMERCIAL, InstitutionKind.RURAL_COMMERCIAL, InstitutionKind.VILLAGE}
)
