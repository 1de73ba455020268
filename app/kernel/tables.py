"""What the kernel itself stores: answers kept for repeated requests."""

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base


class IdempotencyRecord(Base):
    """The answer to a creating request, kept under the key that its sender chose."""

    __tablename__ = "idempotency_records"

    viewer_key: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    route: Mapped[str] = mapped_column(String(200))
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int]
    media_type: Mapped[str] = mapped_column(String(120))
    etag: Mapped[str | None] = mapped_column(String(80))
    location: Mapped[str | None] = mapped_column(String(300))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
