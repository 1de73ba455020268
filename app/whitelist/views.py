"""Rows as their models."""

from collections.abc import Collection, Iterable
from typing import Any

from app.enterprises.consents import ALL_GROUPS, FieldGroup, mask, mask_findings, withheld_facts
from app.enterprises.need_facts import NeedFacts
from app.enterprises.tables import Enterprise
from app.kernel.problems import FaultOut
from app.whitelist.rules import DECISIONS, Difference, fact_changes
from app.whitelist.schemas import (
    EditionDifferenceOut,
    EditionOut,
    EntryOut,
    EntrySummary,
    FactChange,
    ImportCounts,
    ImportOut,
    LookedAt,
    ReviewOut,
    UndoneOut,
    WithdrawalOut,
)
from app.whitelist.tables import (
    EntryWithdrawal,
    ReviewItem,
    WhitelistEdition,
    WhitelistEntry,
    WhitelistImport,
)


def edition_out(row: WhitelistEdition, entries: dict[str, int]) -> EditionOut:
    """Answer an edition with its entries by status."""
    return EditionOut(
        code=row.code,
        jurisdiction=row.jurisdiction,
        in_force_from=row.in_force_from,
        in_force_until=row.in_force_until,
        version=row.version,
        entries=dict(entries),
        created_at=row.created_at,
    )


def entry_summary(line: Any) -> EntrySummary:
    """Answer an entry (`entry_queries`) as lists show it."""
    return EntrySummary.model_construct(**_summary(line))


def _summary(line: Any) -> dict[str, Any]:
    # The amount is fen already: building from Python would ask for a yuan string.
    return {
        "code": line.code,
        "edition": line.edition,
        "need": line.need,
        "uscc": line.uscc,
        "name": line.name,
        "source_class": line.source_class,
        "region": line.region_code,
        "chain": line.chain_code,
        "size_class": line.size_class,
        "amount": line.amount_fen,
        "status": line.status,
        "admitted_at": line.admitted_at,
        "withdrawn_at": line.withdrawn_at,
        "version": line.version,
    }


def entry_out(
    line: Any,
    facts: NeedFacts,
    reviews: list[ReviewOut],
    withdrawals: Iterable[EntryWithdrawal],
    groups: frozenset[FieldGroup],
) -> EntryOut:
    """Answer an entry with everything that is known of it and in groups of fields that may be shown."""
    return EntryOut.model_construct(
        **_summary(line),
        need_revision=line.need_revision_id,
        facts=mask(facts, groups),
        withheld=[fact for fact in withheld_facts(groups) if fact in NeedFacts.model_fields],
        admission=mask_findings(line.admission, groups),
        # Nobody has said to which group these cells belong.
        extra=line.extra if groups == ALL_GROUPS else {},
        withdrawn_by=line.withdrawn_by,
        withdrawal_reason=line.withdrawal_reason,
        reviews=reviews,
        withdrawals=[withdrawal_out(one) for one in withdrawals],
    )


def withdrawal_out(row: EntryWithdrawal) -> WithdrawalOut:
    """Answer one time for which an entry was off the roster."""
    return WithdrawalOut(
        withdrawn_at=row.withdrawn_at,
        withdrawn_by=row.withdrawn_by,
        reason=row.reason,
        reopened_at=row.reopened_at,
        reopened_by=row.reopened_by,
        reopen_reason=row.reopen_reason,
    )


def candidates_of(items: Iterable[ReviewItem]) -> set[str]:
    """Answer the credit codes of the firms that review items name beside their own."""
    return {candidate["uscc"] for item in items for candidate in item.detail.get("candidates", ())}


def review_out(
    item: ReviewItem, entry: WhitelistEntry, edition: str, firm: Enterprise, seen: Collection[str]
) -> ReviewOut:
    """Answer a review item; of the firms that it names, those whose credit codes are `seen` by the reader.

    That there is another firm of this name is said of all, or nobody could decide.
    """
    detail = dict(item.detail)
    if "candidates" in detail:
        detail["candidates"] = [
            one if one["uscc"] in seen else one | {"uscc": None, "name": None, "place": "elsewhere"}
            for one in detail["candidates"]
        ]
    return ReviewOut.model_validate(
        {
            "id": item.id,
            "kind": item.kind,
            "edition": edition,
            "entry": entry.code,
            "uscc": firm.uscc,
            "name": firm.name,
            "detail": detail,
            "decisions": list(DECISIONS[item.kind]) if item.decision is None else [],
            "decision": item.decision,
            "reason": item.reason,
            "decided_by": item.decided_by,
            "decided_at": item.decided_at,
            "version": item.version,
        }
    )


def import_out(row: WhitelistImport, edition: str) -> ImportOut:
    """Answer a stored import (it changed something); `counts` of the row also holds what was reported beside them."""
    report = row.counts
    return ImportOut(
        id=row.id,
        edition=edition,
        file_name=row.file_name,
        file_sha256=row.file_sha256,
        sheet=report["sheet"],
        is_dry_run=False,
        is_unchanged=False,
        counts=ImportCounts.model_validate(report["counts"]),
        unknown_columns=report["unknown_columns"],
        notes=report["notes"],
        faults=[FaultOut.model_validate(fault) for fault in report["faults"]],
        entries=[LookedAt.model_validate(one) for one in report.get("entries", ())],
        imported_by=row.imported_by,
        created_at=row.created_at,
        undone=UndoneOut.model_validate(report["undone"]) if "undone" in report else None,
    )


def difference_out(
    difference: Difference, before: dict[str, object] | None, after: dict[str, object] | None
) -> EditionDifferenceOut:
    """Answer a difference; the stored facts of both wordings are given for a changed one."""
    changes = [] if before is None or after is None else fact_changes(before, after)
    return EditionDifferenceOut(
        need=difference.listed.need_code,
        name=difference.listed.name,
        change=difference.change,
        before=difference.before.entry_code if difference.before else None,
        after=difference.after.entry_code if difference.after else None,
        facts=[FactChange.model_validate(change) for change in changes],
    )
