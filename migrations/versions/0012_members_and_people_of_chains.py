"""members and people of chains"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0012'
down_revision = '0011'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('membership_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('jurisdiction', sa.String(length=6), nullable=False),
    sa.Column('firms', sa.Integer(), nullable=False),
    sa.Column('with_proposal', sa.Integer(), nullable=False),
    sa.Column('added', sa.Integer(), nullable=False),
    sa.Column('withdrawn', sa.Integer(), nullable=False),
    sa.Column('kept', sa.Integer(), nullable=False),
    sa.Column('questions', sa.Integer(), nullable=False),
    sa.Column('counts', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql'), nullable=False),
    sa.Column('input_hash', sa.String(length=64), nullable=False),
    sa.Column('started_by', sa.String(length=80), nullable=False),
    sa.Column('started_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership_runs'))
    )
    with op.batch_alter_table('membership_runs', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_runs_jurisdiction'), ['jurisdiction'], unique=False)

    op.create_table('chain_memberships',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chain_code', sa.String(length=60), nullable=False),
    sa.Column('link', sa.String(length=60), nullable=True),
    sa.Column('role', sa.String(length=12), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('confidence', sa.String(length=20), nullable=True),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('word', sa.Text(), nullable=True),
    sa.Column('said_by', sa.String(length=80), nullable=False),
    sa.Column('said_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprises.id'], name=op.f('fk_chain_memberships_enterprise_id_enterprises')),
    sa.ForeignKeyConstraint(['run_id'], ['membership_runs.id'], name=op.f('fk_chain_memberships_run_id_membership_runs')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chain_memberships'))
    )
    with op.batch_alter_table('chain_memberships', schema=None) as batch_op:
        batch_op.create_index('ix_chain_memberships_chain_code_state_id', ['chain_code', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_chain_memberships_enterprise_id'), ['enterprise_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_chain_memberships_run_id'), ['run_id'], unique=False)
        batch_op.create_index('uq_chain_memberships_open_ended', ['enterprise_id', 'chain_code', 'state'], unique=True, sqlite_where=sa.text("until IS NULL AND state <> 'withdrawn'"), postgresql_where=sa.text("until IS NULL AND state <> 'withdrawn'"))

    op.create_table('chain_places',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chain_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['chain_id'], ['chains.id'], name=op.f('fk_chain_places_chain_id_chains')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_chain_places')),
    sa.UniqueConstraint('chain_id', 'kind', 'code', 'since', name=op.f('uq_chain_places_chain_id_kind_code_since'))
    )
    op.create_table('membership_listings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chain_code', sa.String(length=60), nullable=False),
    sa.Column('core_firm', sa.String(length=200), nullable=False),
    sa.Column('role', sa.String(length=12), nullable=False),
    sa.Column('since', sa.Date(), nullable=False),
    sa.Column('until', sa.Date(), nullable=True),
    sa.Column('noted_by', sa.String(length=80), nullable=False),
    sa.Column('noted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprises.id'], name=op.f('fk_membership_listings_enterprise_id_enterprises')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership_listings'))
    )
    with op.batch_alter_table('membership_listings', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_listings_chain_code'), ['chain_code'], unique=False)
        batch_op.create_index('uq_membership_listings_current', ['enterprise_id', 'chain_code', 'core_firm', 'role'], unique=True, sqlite_where=sa.text('until IS NULL'), postgresql_where=sa.text('until IS NULL'))

    op.create_table('membership_acts',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('membership_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=20), nullable=False),
    sa.Column('done_by', sa.String(length=80), nullable=False),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['membership_id'], ['chain_memberships.id'], name=op.f('fk_membership_acts_membership_id_chain_memberships')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership_acts'))
    )
    with op.batch_alter_table('membership_acts', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_acts_membership_id'), ['membership_id'], unique=False)

    op.create_table('membership_objections',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('membership_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('membership_version', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('raised_by', sa.String(length=80), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('answered_by', sa.String(length=80), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['membership_id'], ['chain_memberships.id'], name=op.f('fk_membership_objections_membership_id_chain_memberships')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership_objections'))
    )
    with op.batch_alter_table('membership_objections', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_membership_objections_membership_id'), ['membership_id'], unique=False)
        batch_op.create_index('ix_membership_objections_state_id', ['state', 'id'], unique=False)
        batch_op.create_index('uq_membership_objections_open', ['membership_id'], unique=True, sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))

    op.create_table('membership_questions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('membership_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=10), nullable=False),
    sa.Column('asked', sa.String(length=200), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('asked_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('decided_by', sa.String(length=80), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decision', sa.Text(), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['membership_id'], ['chain_memberships.id'], name=op.f('fk_membership_questions_membership_id_chain_memberships')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership_questions')),
    sa.UniqueConstraint('membership_id', 'kind', 'asked', name=op.f('uq_membership_questions_membership_id_kind_asked'))
    )
    with op.batch_alter_table('membership_questions', schema=None) as batch_op:
        batch_op.create_index('ix_membership_questions_state_id', ['state', 'id'], unique=False)

    with op.batch_alter_table('chain_managers', schema=None) as batch_op:
        batch_op.add_column(sa.Column('place_kind', sa.String(length=10), nullable=True))
        batch_op.add_column(sa.Column('place_code', sa.String(length=60), nullable=True))
        batch_op.add_column(sa.Column('place_name', sa.String(length=120), nullable=True))
        batch_op.add_column(sa.Column('gap_reason', sa.Text(), nullable=True))

    with op.batch_alter_table('chains', schema=None) as batch_op:
        batch_op.add_column(sa.Column('profile', sa.String(length=60), nullable=True))

    with op.batch_alter_table('enterprises', schema=None) as batch_op:
        batch_op.add_column(sa.Column('business_scope', sa.Text(), nullable=True))


def downgrade() -> None:
    # SQLite would make these tables anew in a batch, and others point at them.
    op.drop_column('enterprises', 'business_scope')

    op.drop_column('chains', 'profile')

    op.drop_column('chain_managers', 'gap_reason')
    op.drop_column('chain_managers', 'place_name')
    op.drop_column('chain_managers', 'place_code')
    op.drop_column('chain_managers', 'place_kind')

    with op.batch_alter_table('membership_questions', schema=None) as batch_op:
        batch_op.drop_index('ix_membership_questions_state_id')

    op.drop_table('membership_questions')
    with op.batch_alter_table('membership_objections', schema=None) as batch_op:
        batch_op.drop_index('uq_membership_objections_open', sqlite_where=sa.text("state = 'open'"), postgresql_where=sa.text("state = 'open'"))
        batch_op.drop_index('ix_membership_objections_state_id')
        batch_op.drop_index(batch_op.f('ix_membership_objections_membership_id'))

    op.drop_table('membership_objections')
    with op.batch_alter_table('membership_acts', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_membership_acts_membership_id'))

    op.drop_table('membership_acts')
    with op.batch_alter_table('membership_listings', schema=None) as batch_op:
        batch_op.drop_index('uq_membership_listings_current', sqlite_where=sa.text('until IS NULL'), postgresql_where=sa.text('until IS NULL'))
        batch_op.drop_index(batch_op.f('ix_membership_listings_chain_code'))

    op.drop_table('membership_listings')
    op.drop_table('chain_places')
    with op.batch_alter_table('chain_memberships', schema=None) as batch_op:
        batch_op.drop_index('uq_chain_memberships_open_ended', sqlite_where=sa.text("until IS NULL AND state <> 'withdrawn'"), postgresql_where=sa.text("until IS NULL AND state <> 'withdrawn'"))
        batch_op.drop_index(batch_op.f('ix_chain_memberships_run_id'))
        batch_op.drop_index(batch_op.f('ix_chain_memberships_enterprise_id'))
        batch_op.drop_index('ix_chain_memberships_chain_code_state_id')

    op.drop_table('chain_memberships')
    with op.batch_alter_table('membership_runs', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_membership_runs_jurisdiction'))

    op.drop_table('membership_runs')
