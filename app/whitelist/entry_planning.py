"""What becomes of one stated need on an edition: new, kept or changed, and where it stands. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from app.enterprises.need_facts import NeedFacts
from app.enterprises.rules import facts_for_matching
from app.policy.rulebook import RuleBook
from app.reference.book import ReferenceBook
from app.whitelist.rules import Admission, EntryStatus, decide_admission, status_after

EntryChange = Literal["new", "changed", "annotated", "kept", "withdrawn"]


@dataclass(frozen=True, slots=True)
class AdmissionRules:
    """The rules of a jurisdiction on the deciding day, and the codes they rest on."""

    on: date
    book: ReferenceBook
    rules: RuleBook


@dataclass(frozen=True, slots=True)
class Namesake:
    """A firm that may be the same as one with another credit code; `likeness` in 0..1."""

    uscc: str
    name: str
    likeness: float
    place: str

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Namesake":
        """Read what `as_json` wrote."""
        return cls(stored["uscc"], stored["name"], stored["score"], stored["place"])

    def as_json(self) -> dict[str, Any]:
        """Answer it as a review item shows it."""
        return {
            "uscc": self.uscc,
            "name": self.name,
            "score": round(self.likeness, 4),
            "place": self.place,
        }


@dataclass(frozen=True, slots=True)
class StoredItem:
    """A review item of a stored entry."""

    id: int
    kind: str
    decision: str | None
    version: int


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """An entry as it stands; `content_hash` is that of the wording it was listed with."""

    id: int
    code: str
    content_hash: str
    version: int
    is_withdrawn: bool
    admitted_at: datetime | None
    extra: Mapping[str, str]
    items: tuple[StoredItem, ...] = ()
    is_undone: bool = False
    """Withdrawn only because the import that listed it was undone: stated again, it comes back."""


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """What to write for an entry. Kept and withdrawn entries are left alone, annotated ones get `extra` only.

    `asks_admission` and `namesakes` open review items; `superseded` are open items whose statement is gone.
    """

    code: str
    change: EntryChange
    stored: StoredEntry | None
    status: EntryStatus | None = None
    admission: Admission | None = None
    size_class: str | None = None
    namesakes: tuple[Namesake, ...] = ()
    superseded: tuple[StoredItem, ...] = ()

    @property
    def is_writing(self) -> bool:
        """Tell whether anything of the entry changes."""
        return self.change in {"new", "changed", "annotated"}

    @property
    def asks_admission(self) -> bool:
        """Tell whether the rules left admission open."""
        return self.admission is not None and self.admission.status == "review"


def draft_entry(
    code: str,
    facts: NeedFacts,
    content_hash: str,
    *,
    stored: StoredEntry | None,
    namesakes: Sequence[Namesake],
    extra: Mapping[str, str],
    rules: AdmissionRules,
) -> EntryDraft:
    """Decide on one need stated for an edition.

    A withdrawn entry stays withdrawn, unless only its import was undone: then it is listed again. An equal statement changes nothing. A changed statement is
    judged anew: what a person decided on the old one's admission no longer counts, while decisions on
    whether two firms are the same one do.
    """
    is_undone = stored is not None and stored.is_undone
    if stored is not None and stored.is_withdrawn and not is_undone:
        return EntryDraft(code, "withdrawn", stored)
    if stored is not None and stored.content_hash == content_hash and not is_undone:
        is_annotated = bool(extra) and dict(extra) != dict(stored.extra)
        return EntryDraft(code, "annotated" if is_annotated else "kept", stored)
    derived = facts_for_matching(facts, on=rules.on, book=rules.book, rules=rules.rules.derived)
    admission = decide_admission(facts.source_class or "", derived, rules.rules.admission)
    size = derived.get("size_class")
    size_class = size if isinstance(size, str) else None
    items = () if stored is None else stored.items
    lasting = [(item.kind, item.decision) for item in items if item.kind == "duplicate_name"]
    # What the rules refuse is asked about when they no longer do; what was asked of this entry is not asked again.
    asked = () if lasting or admission.status == "refused" else tuple(namesakes)
    status = status_after(admission.status, [*lasting, *_opened(admission, is_questioned=bool(asked))])
    superseded = tuple(item for item in items if item.kind == "admission_unknown" and item.decision is None)
    change: EntryChange = "new" if stored is None else "changed"
    return EntryDraft(code, change, stored, status, admission, size_class, asked, superseded)


def _opened(admission: Admission, *, is_questioned: bool) -> list[tuple[str, str | None]]:
    opened: list[tuple[str, str | None]] = []
    if admission.status == "review":
        opened.append(("admission_unknown", None))
    if is_questioned:
        opened.append(("duplicate_name", None))
    return opened
