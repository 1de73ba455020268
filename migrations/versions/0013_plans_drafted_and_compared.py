"""plans drafted and compared"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('plan_drafts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chain_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('replaces', sa.Integer(), nullable=True),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('content', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('drafted_by', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('ended_by', sa.String(length=80), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_version', sa.Integer(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['chain_id'], ['chains.id'], name=op.f('fk_plan_drafts_chain_id_chains')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_drafts')),
    sa.UniqueConstraint('chain_id', 'number', name=op.f('uq_plan_drafts_chain_id_number'))
    )
    op.create_index(op.f('ix_plan_drafts_chain_id'), 'plan_drafts', ['chain_id'], unique=False)
    op.create_table('plan_archives',
    sa.Column('plan_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('reason', sa.String(length=300), nullable=False),
    sa.Column('archived_by', sa.String(length=80), nullable=False),
    sa.Column('archived_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['plan_id'], ['chain_plans.id'], name=op.f('fk_plan_archives_plan_id_chain_plans')),
    sa.PrimaryKeyConstraint('plan_id', name=op.f('pk_plan_archives'))
    )
    op.create_table('plan_comparisons',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('draft_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('against', sa.Integer(), nullable=True),
    sa.Column('edition', sa.String(length=6), nullable=True),
    sa.Column('compared_on', sa.Date(), nullable=False),
    sa.Column('listed', sa.String(length=80), nullable=False),
    sa.Column('inputs', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('inputs_hash', sa.String(length=64), nullable=False),
    sa.Column('result_hash', sa.String(length=64), nullable=False),
    sa.Column('counts', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('compared_by', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['draft_id'], ['plan_drafts.id'], name=op.f('fk_plan_comparisons_draft_id_plan_drafts')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_plan_comparisons')),
    sa.UniqueConstraint('draft_id', 'number', name=op.f('uq_plan_comparisons_draft_id_number'))
    )
    op.create_index(op.f('ix_plan_comparisons_draft_id'), 'plan_comparisons', ['draft_id'], unique=False)
    op.create_table('plan_reallocations',
    sa.Column('comparison_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('match_run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('counts', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('result_hash', sa.String(length=64), nullable=False),
    sa.Column('run_by', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['comparison_id'], ['plan_comparisons.id'], name=op.f('fk_plan_reallocations_comparison_id_plan_comparisons')),
    sa.ForeignKeyConstraint(['match_run_id'], ['match_runs.id'], name=op.f('fk_plan_reallocations_match_run_id_match_runs')),
    sa.PrimaryKeyConstraint('comparison_id', name=op.f('pk_plan_reallocations'))
    )
    op.create_index(op.f('ix_plan_reallocations_match_run_id'), 'plan_reallocations', ['match_run_id'], unique=False)
    op.create_table('plan_effects',
    sa.Column('comparison_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('region_code', sa.String(length=6), nullable=False),
    sa.Column('gained', sa.Integer(), nullable=False),
    sa.Column('lost', sa.Integer(), nullable=False),
    sa.Column('banks_gained', sa.Integer(), nullable=False),
    sa.Column('banks_lost', sa.Integer(), nullable=False),
    sa.Column('rescored', sa.Integer(), nullable=False),
    sa.Column('moved', sa.Integer(), nullable=False),
    sa.Column('detail', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.ForeignKeyConstraint(['comparison_id'], ['plan_comparisons.id'], name=op.f('fk_plan_effects_comparison_id_plan_comparisons')),
    sa.ForeignKeyConstraint(['entry_id'], ['whitelist_entries.id'], name=op.f('fk_plan_effects_entry_id_whitelist_entries')),
    sa.PrimaryKeyConstraint('comparison_id', 'entry_id', name=op.f('pk_plan_effects'))
    )
    op.create_index('ix_plan_effects_comparison_id_code', 'plan_effects', ['comparison_id', 'code'], unique=False)
    op.create_index(op.f('ix_plan_effects_entry_id'), 'plan_effects', ['entry_id'], unique=False)
    op.create_table('plan_reallocated_entries',
    sa.Column('comparison_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entry_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('change', sa.String(length=10), nullable=False),
    sa.Column('with_draft', sa.String(length=300), nullable=False),
    sa.Column('without_draft', sa.String(length=300), nullable=False),
    sa.Column('sentence', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['comparison_id'], ['plan_reallocations.comparison_id'], name=op.f('fk_plan_reallocated_entries_comparison_id_plan_reallocations')),
    sa.ForeignKeyConstraint(['entry_id'], ['whitelist_entries.id'], name=op.f('fk_plan_reallocated_entries_entry_id_whitelist_entries')),
    sa.PrimaryKeyConstraint('comparison_id', 'entry_id', name=op.f('pk_plan_reallocated_entries'))
    )
    op.create_index('ix_plan_reallocated_entries_comparison_id_code', 'plan_reallocated_entries', ['comparison_id', 'code'], unique=False)
    op.create_index(op.f('ix_plan_reallocated_entries_entry_id'), 'plan_reallocated_entries', ['entry_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_plan_reallocated_entries_entry_id'), table_name='plan_reallocated_entries')
    op.drop_index('ix_plan_reallocated_entries_comparison_id_code', table_name='plan_reallocated_entries')
    op.drop_table('plan_reallocated_entries')
    op.drop_index(op.f('ix_plan_effects_entry_id'), table_name='plan_effects')
    op.drop_index('ix_plan_effects_comparison_id_code', table_name='plan_effects')
    op.drop_table('plan_effects')
    op.drop_index(op.f('ix_plan_reallocations_match_run_id'), table_name='plan_reallocations')
    op.drop_table('plan_reallocations')
    op.drop_index(op.f('ix_plan_comparisons_draft_id'), table_name='plan_comparisons')
    op.drop_table('plan_comparisons')
    op.drop_table('plan_archives')
    op.drop_index(op.f('ix_plan_drafts_chain_id'), table_name='plan_drafts')
    op.drop_table('plan_drafts')
