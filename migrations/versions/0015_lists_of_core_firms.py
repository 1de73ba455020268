"""lists of core firms"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0015'
down_revision = '0014'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('core_lists',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('core_uscc', sa.String(length=18), nullable=False),
    sa.Column('core_name', sa.String(length=200), nullable=False),
    sa.Column('region_code', sa.String(length=6), nullable=False),
    sa.Column('chain_code', sa.String(length=60), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=True),
    sa.Column('figures', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('decided_by', sa.String(length=80), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('is_demo', sa.Boolean(), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprises.id'], name=op.f('fk_core_lists_enterprise_id_enterprises')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_lists')),
    sa.UniqueConstraint('core_uscc', name=op.f('uq_core_lists_core_uscc')),
    sa.UniqueConstraint('enterprise_id', name=op.f('uq_core_lists_enterprise_id'))
    )
    op.create_index(op.f('ix_core_lists_region_code'), 'core_lists', ['region_code'], unique=False)
    op.create_index('ix_core_lists_state_core_uscc', 'core_lists', ['state', 'core_uscc'], unique=False)
    op.create_table('core_list_members',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('list_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_code', sa.String(length=6), nullable=False),
    sa.Column('core_name', sa.String(length=200), nullable=False),
    sa.Column('chain_code', sa.String(length=60), nullable=True),
    sa.Column('firm_uscc', sa.String(length=18), nullable=False),
    sa.Column('firm_name', sa.String(length=200), nullable=False),
    sa.Column('firm_region', sa.String(length=6), nullable=False),
    sa.Column('relation', sa.String(length=10), nullable=False),
    sa.Column('yearly_fen', sa.BigInteger(), nullable=True),
    sa.Column('since_year', sa.Integer(), nullable=True),
    sa.Column('answer', sa.String(length=10), nullable=False),
    sa.Column('shows_trade', sa.Boolean(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('answered_by', sa.String(length=80), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('listed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('left_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprises.id'], name=op.f('fk_core_list_members_enterprise_id_enterprises')),
    sa.ForeignKeyConstraint(['list_id'], ['core_lists.id'], name=op.f('fk_core_list_members_list_id_core_lists')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_list_members')),
    sa.UniqueConstraint('list_id', 'enterprise_id', name=op.f('uq_core_list_members_list_id_enterprise_id'))
    )
    op.create_index(op.f('ix_core_list_members_enterprise_id'), 'core_list_members', ['enterprise_id'], unique=False)
    op.create_index(op.f('ix_core_list_members_firm_uscc'), 'core_list_members', ['firm_uscc'], unique=False)
    op.create_index(op.f('ix_core_list_members_region_code'), 'core_list_members', ['region_code'], unique=False)
    op.create_table('core_list_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('list_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_code', sa.String(length=6), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('on_day', sa.Date(), nullable=False),
    sa.Column('share_percent', sa.Integer(), nullable=False),
    sa.Column('term_months', sa.Integer(), nullable=False),
    sa.Column('counts', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('inputs_hash', sa.String(length=64), nullable=False),
    sa.Column('run_by', sa.String(length=80), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['list_id'], ['core_lists.id'], name=op.f('fk_core_list_runs_list_id_core_lists')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_list_runs')),
    sa.UniqueConstraint('list_id', 'number', name=op.f('uq_core_list_runs_list_id_number'))
    )
    op.create_table('core_list_versions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('list_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_code', sa.String(length=6), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('file_name', sa.String(length=200), nullable=False),
    sa.Column('file_sha256', sa.String(length=64), nullable=False),
    sa.Column('listed', sa.Integer(), nullable=False),
    sa.Column('given_by', sa.String(length=80), nullable=False),
    sa.Column('is_on_behalf', sa.Boolean(), nullable=False),
    sa.Column('evidence', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['list_id'], ['core_lists.id'], name=op.f('fk_core_list_versions_list_id_core_lists')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_list_versions')),
    sa.UniqueConstraint('list_id', 'number', name=op.f('uq_core_list_versions_list_id_number'))
    )
    op.create_index('uq_core_list_versions_current', 'core_list_versions', ['list_id'], unique=True, sqlite_where=sa.text("state = 'current'"), postgresql_where=sa.text("state = 'current'"))
    op.create_index('uq_core_list_versions_draft', 'core_list_versions', ['list_id'], unique=True, sqlite_where=sa.text("state = 'draft'"), postgresql_where=sa.text("state = 'draft'"))
    op.create_table('core_list_matches',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('list_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('member_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_code', sa.String(length=6), nullable=False),
    sa.Column('product_revision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('institution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('fit', sa.String(length=10), nullable=False),
    sa.Column('place', sa.Integer(), nullable=False),
    sa.Column('score', sa.Integer(), nullable=False),
    sa.Column('amount_fen', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['institution_id'], ['institutions.id'], name=op.f('fk_core_list_matches_institution_id_institutions')),
    sa.ForeignKeyConstraint(['list_id'], ['core_lists.id'], name=op.f('fk_core_list_matches_list_id_core_lists')),
    sa.ForeignKeyConstraint(['member_id'], ['core_list_members.id'], name=op.f('fk_core_list_matches_member_id_core_list_members')),
    sa.ForeignKeyConstraint(['product_revision_id'], ['product_revisions.id'], name=op.f('fk_core_list_matches_product_revision_id_product_revisions')),
    sa.ForeignKeyConstraint(['run_id'], ['core_list_runs.id'], name=op.f('fk_core_list_matches_run_id_core_list_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_list_matches')),
    sa.UniqueConstraint('member_id', 'product_revision_id', 'kind', name=op.f('uq_core_list_matches_member_id_product_revision_id_kind'))
    )
    op.create_index(op.f('ix_core_list_matches_institution_id'), 'core_list_matches', ['institution_id'], unique=False)
    op.create_index('ix_core_list_matches_list_id_kind', 'core_list_matches', ['list_id', 'kind'], unique=False)
    op.create_index(op.f('ix_core_list_matches_product_revision_id'), 'core_list_matches', ['product_revision_id'], unique=False)
    op.create_index(op.f('ix_core_list_matches_run_id'), 'core_list_matches', ['run_id'], unique=False)
    op.create_table('core_list_rows',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('list_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('version_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('region_code', sa.String(length=6), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('uscc', sa.String(length=18), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('relation', sa.String(length=10), nullable=False),
    sa.Column('yearly_fen', sa.BigInteger(), nullable=True),
    sa.Column('since_year', sa.Integer(), nullable=True),
    sa.Column('outcome', sa.String(length=10), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('likeness', sa.Integer(), nullable=True),
    sa.Column('suspects', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('decided_by', sa.String(length=80), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprises.id'], name=op.f('fk_core_list_rows_enterprise_id_enterprises')),
    sa.ForeignKeyConstraint(['list_id'], ['core_lists.id'], name=op.f('fk_core_list_rows_list_id_core_lists')),
    sa.ForeignKeyConstraint(['version_id'], ['core_list_versions.id'], name=op.f('fk_core_list_rows_version_id_core_list_versions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_core_list_rows')),
    sa.UniqueConstraint('version_id', 'number', name=op.f('uq_core_list_rows_version_id_number'))
    )
    op.create_index(op.f('ix_core_list_rows_enterprise_id'), 'core_list_rows', ['enterprise_id'], unique=False)
    op.create_index(op.f('ix_core_list_rows_list_id'), 'core_list_rows', ['list_id'], unique=False)
    op.create_index('ix_core_list_rows_version_id_outcome', 'core_list_rows', ['version_id', 'outcome', 'number'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_core_list_rows_version_id_outcome', table_name='core_list_rows')
    op.drop_index(op.f('ix_core_list_rows_list_id'), table_name='core_list_rows')
    op.drop_index(op.f('ix_core_list_rows_enterprise_id'), table_name='core_list_rows')
    op.drop_table('core_list_rows')
    op.drop_index(op.f('ix_core_list_matches_run_id'), table_name='core_list_matches')
    op.drop_index(op.f('ix_core_list_matches_product_revision_id'), table_name='core_list_matches')
    op.drop_index('ix_core_list_matches_list_id_kind', table_name='core_list_matches')
    op.drop_index(op.f('ix_core_list_matches_institution_id'), table_name='core_list_matches')
    op.drop_table('core_list_matches')
    op.drop_index('uq_core_list_versions_draft', table_name='core_list_versions', sqlite_where=sa.text("state = 'draft'"), postgresql_where=sa.text("state = 'draft'"))
    op.drop_index('uq_core_list_versions_current', table_name='core_list_versions', sqlite_where=sa.text("state = 'current'"), postgresql_where=sa.text("state = 'current'"))
    op.drop_table('core_list_versions')
    op.drop_table('core_list_runs')
    op.drop_index(op.f('ix_core_list_members_region_code'), table_name='core_list_members')
    op.drop_index(op.f('ix_core_list_members_firm_uscc'), table_name='core_list_members')
    op.drop_index(op.f('ix_core_list_members_enterprise_id'), table_name='core_list_members')
    op.drop_table('core_list_members')
    op.drop_index('ix_core_lists_state_core_uscc', table_name='core_lists')
    op.drop_index(op.f('ix_core_lists_region_code'), table_name='core_lists')
    op.drop_table('core_lists')
