"""The catalogue as a YAML file: written so that reading it gives the same products again."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from app.catalogue.planning import PlannedProduct
from app.catalogue.rules import ProductTerms
from app.policy.amounts import amount_words

_WIDTH: Final = 110
_SILENT: Final[tuple[Any, ...]] = (None, "", [])


class _Dumper(yaml.SafeDumper):
    """Writes repeated values out, because files are read without anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the name and argument are PyYAML's
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 - PyYAML's
        super().increase_indent(flow, False)


def products_as_yaml(products: Iterable[PlannedProduct], note: str = "") -> str:
    """Write products by code; terms that ask nothing are left out."""
    records = [product_record(product) for product in sorted(products, key=lambda one: one.code)]
    data = ({"note": note} if note else {}) | {"products": records}
    text: str = yaml.dump(
        data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=_WIDTH, default_flow_style=None
    )
    return text


def product_record(product: PlannedProduct) -> dict[str, Any]:
    """Answer a product as the mapping that a file holds."""
    content = product.content
    record = {
        "code": product.code,
        "institution": product.institution,
        "name": content.name,
        "valid_from": content.valid_from,
        "valid_until": content.valid_until,
        "is_demo": content.is_demo,
        "terms": _written_terms(content.terms),
    }
    return _stated(record)


def _written_terms(terms: ProductTerms) -> dict[str, Any]:
    amount = {"least": amount_words(terms.amount.least), "most": amount_words(terms.amount.most)}
    return _stated(terms.model_dump(mode="json") | {"amount": amount})


def _stated(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if value is not False and value not in _SILENT}
