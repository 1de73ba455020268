"""Whether the regions and industries that a condition names exist: a mistyped code would match nobody."""

from collections.abc import Iterator

from app.kernel.errors import Fault
from app.policy.criteria import AllOf, AnyOf, Condition, Criterion
from app.reference.book import ReferenceBook


def code_faults(condition: Condition, where: str, book: ReferenceBook) -> Iterator[Fault]:
    """Name each region and industry code that is not one of today's, by its key path below `where`."""
    match condition:
        case Criterion(operator="within_region" as word, operand=codes):
            unknown = [str(code) for code in codes if book.regions.get(str(code)) is None]
            for code in unknown:
                remedy = book.regions.hint(code)
                yield Fault(f"{where}.{word}", "no region of today has this code", remedy, code)
        case Criterion(operator="within_industry" as word, operand=codes):
            for code in map(str, codes):
                if book.industries.parse(code) is None:
                    remedy = "Expected section letter and digits, such as C3412."
                    yield Fault(f"{where}.{word}", "not in GB/T 4754-2017", remedy, code)
        case AnyOf(criteria=parts):
            for i, part in enumerate(parts):
                yield from code_faults(part, f"{where}.any[{i}]", book)
        case AllOf(criteria=parts):
            for i, part in enumerate(parts):
                yield from code_faults(part, f"{where}.all[{i}]", book)
