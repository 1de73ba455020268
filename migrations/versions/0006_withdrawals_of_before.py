"""withdrawals of before

Entries that were withdrawn before withdrawals had rows of their own get theirs. Going down takes those rows back
that say no more than the entry itself, so that going up again brings them again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CARRY = """
INSERT INTO entry_withdrawals (entry_id, withdrawn_at, withdrawn_by, reason)
SELECT entry.id, entry.withdrawn_at, COALESCE(entry.withdrawn_by, '未记录'), COALESCE(entry.withdrawal_reason, '未记录')
FROM whitelist_entries AS entry
WHERE entry.withdrawn_at IS NOT NULL
AND NOT EXISTS (
    SELECT 1 FROM entry_withdrawals AS known WHERE known.entry_id = entry.id AND known.reopened_at IS NULL
)
ORDER BY entry.withdrawn_at, entry.id
"""
TAKE_BACK = "DELETE FROM entry_withdrawals WHERE reopened_at IS NULL"


def upgrade() -> None:
    op.execute(sa.text(CARRY))


def downgrade() -> None:
    op.execute(sa.text(TAKE_BACK))
