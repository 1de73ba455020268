"""What upkeep answers."""

from datetime import datetime

from pydantic import BaseModel, Field


class TableOut(BaseModel):
    """One table as it was copied, the same on both sides."""

    table: str = Field(description="Name of the table.")
    rows: int = Field(description="How many rows it has.")
    sha256: str = Field(description="SHA-256 of its canonical lines (app/upkeep/rows.py).")


class CopyOut(BaseModel):
    """What was moved, backed up or restored, and found to be equal on both sides."""

    revision: str = Field(description="The migration at which the database stands.")
    source: str = Field(description="Where it came from: sqlite, postgresql or an archive.")
    target: str = Field(description="Where it went: sqlite, postgresql or an archive.")
    tables: list[TableOut] = Field(description="Every table, in the order in which they were copied.")

    @property
    def rows(self) -> int:
        """Answer how many rows there are in all."""
        return sum(table.rows for table in self.tables)


class BackupOut(CopyOut):
    """An archive: what it holds, and by what it is known."""

    jurisdiction: str = Field(description="Region code of the government whose data it is.")
    taken_at: datetime = Field(description="The instant as of which it shows the database.")
    bytes: int = Field(description="Size of the file.")
    sha256: str = Field(
        description="SHA-256 of the file: kept elsewhere, it shows that nobody wrote it anew."
    )


class CheckOut(BaseModel):
    """One thing that was checked in the data itself."""

    what: str = Field(description="The audit trail, or a closed month.")
    holds: bool = Field(description="Whether it is as it was written.")
    told: str = Field(description="What was found.")


class PurgeOut(BaseModel):
    """How many rows were purged, or would be."""

    requests: int = Field(default=0, description="Answers kept for repeated requests.")
    jobs: int = Field(default=0, description="Jobs that have ended, with their answers.")
    messages: int = Field(default=0, description="Messages that were sent or given up (发件箱).")
    notices: int = Field(default=0, description="Notices that were read.")
    digests: int = Field(default=0, description="Lists of what a mail counted.")
    drafts: int = Field(default=0, description="Needs that were begun and never sent (未提交的草稿).")
