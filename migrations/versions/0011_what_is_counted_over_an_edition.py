"""what is counted over an edition

An index that holds all of an entry that is counted over an edition: its findings, which are long, are left alone.
One that was begun and not finished is begun again.
"""

from alembic import op

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

INDEX = 'ix_whitelist_entries_edition_id_code'


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(INDEX, table_name='whitelist_entries', if_exists=True, postgresql_concurrently=True)
        op.create_index(
            INDEX, 'whitelist_entries', ['edition_id', 'code'], postgresql_concurrently=True,
            postgresql_include=['id', 'region_code', 'chain_code', 'status', 'withdrawn_at'],
        )  # fmt: skip


def downgrade() -> None:
    op.drop_index(INDEX, table_name='whitelist_entries')
