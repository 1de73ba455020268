"""what was observed of products

Also awards, and the calls by which institutions confirm their products for a quarter.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0017'
down_revision = '0016'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('awards',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('jurisdiction', sa.String(length=6), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=120), nullable=False),
    sa.Column('statement', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=12), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('criteria', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('nominations_until', sa.Date(), nullable=False),
    sa.Column('votes_until', sa.Date(), nullable=False),
    sa.Column('appeal_days', sa.Integer(), nullable=False),
    sa.Column('appeals_until', sa.Date(), nullable=True),
    sa.Column('announced_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('announced_by', sa.String(length=80), nullable=False),
    sa.Column('shortlisted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('decided_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('inputs_hash', sa.String(length=64), nullable=True),
    sa.Column('result_hash', sa.String(length=64), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_awards')),
    sa.UniqueConstraint('jurisdiction', 'year', name=op.f('uq_awards_jurisdiction_year'))
    )
    op.create_table('library_calls',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('jurisdiction', sa.String(length=6), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('due_on', sa.Date(), nullable=False),
    sa.Column('called_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('called_by', sa.String(length=80), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_library_calls')),
    sa.UniqueConstraint('jurisdiction', 'quarter', name=op.f('uq_library_calls_jurisdiction_quarter'))
    )
    op.create_table('observation_runs',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('jurisdiction', sa.String(length=6), nullable=False),
    sa.Column('quarter', sa.String(length=6), nullable=False),
    sa.Column('least', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('dealings', sa.Integer(), nullable=False),
    sa.Column('approvals', sa.Integer(), nullable=False),
    sa.Column('answers', sa.Integer(), nullable=False),
    sa.Column('inputs_hash', sa.String(length=64), nullable=False),
    sa.Column('result_hash', sa.String(length=64), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('computed_by', sa.String(length=80), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_observation_runs')),
    sa.UniqueConstraint('jurisdiction', 'quarter', name=op.f('uq_observation_runs_jurisdiction_quarter'))
    )
    op.create_table('award_ballots',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('award_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('points', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('comment', sa.Text(), nullable=False),
    sa.Column('salt', sa.String(length=32), nullable=False),
    sa.Column('seal', sa.String(length=64), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('cast_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['award_id'], ['awards.id'], name=op.f('fk_award_ballots_award_id_awards')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_award_ballots_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_award_ballots')),
    sa.UniqueConstraint('award_id', 'person_id', name=op.f('uq_award_ballots_award_id_person_id'))
    )
    op.create_index(op.f('ix_award_ballots_award_id'), 'award_ballots', ['award_id'], unique=False)
    op.create_index(op.f('ix_award_ballots_person_id'), 'award_ballots', ['person_id'], unique=False)
    op.create_table('award_jurors',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('award_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('affiliation', sa.String(length=200), nullable=False),
    sa.Column('banks', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('appointed_by', sa.String(length=80), nullable=False),
    sa.Column('appointed_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['award_id'], ['awards.id'], name=op.f('fk_award_jurors_award_id_awards')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_award_jurors_person_id_persons')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_award_jurors')),
    sa.UniqueConstraint('award_id', 'person_id', name=op.f('uq_award_jurors_award_id_person_id'))
    )
    op.create_index(op.f('ix_award_jurors_award_id'), 'award_jurors', ['award_id'], unique=False)
    op.create_index(op.f('ix_award_jurors_person_id'), 'award_jurors', ['person_id'], unique=False)
    op.create_table('award_appeals',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('award_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('side', sa.String(length=12), nullable=False),
    sa.Column('party', sa.String(length=60), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('raised_by', sa.String(length=80), nullable=False),
    sa.Column('grounds', sa.Text(), nullable=False),
    sa.Column('raised_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('answer', sa.Text(), nullable=True),
    sa.Column('answered_by', sa.String(length=80), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['award_id'], ['awards.id'], name=op.f('fk_award_appeals_award_id_awards')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_award_appeals_person_id_persons')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_award_appeals_product_id_products')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_award_appeals'))
    )
    op.create_index('ix_award_appeals_award_id_state', 'award_appeals', ['award_id', 'state'], unique=False)
    op.create_index(op.f('ix_award_appeals_person_id'), 'award_appeals', ['person_id'], unique=False)
    op.create_index(op.f('ix_award_appeals_product_id'), 'award_appeals', ['product_id'], unique=False)
    op.create_table('award_nominations',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('award_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('side', sa.String(length=12), nullable=False),
    sa.Column('party', sa.String(length=60), nullable=False),
    sa.Column('person_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('nominated_by', sa.String(length=80), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['award_id'], ['awards.id'], name=op.f('fk_award_nominations_award_id_awards')),
    sa.ForeignKeyConstraint(['person_id'], ['persons.id'], name=op.f('fk_award_nominations_person_id_persons')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_award_nominations_product_id_products')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_award_nominations'))
    )
    op.create_index(op.f('ix_award_nominations_award_id'), 'award_nominations', ['award_id'], unique=False)
    op.create_index(op.f('ix_award_nominations_person_id'), 'award_nominations', ['person_id'], unique=False)
    op.create_index(op.f('ix_award_nominations_product_id'), 'award_nominations', ['product_id'], unique=False)
    op.create_index('uq_award_nominations_standing', 'award_nominations', ['award_id', 'product_id', 'party'], unique=True, sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))
    op.create_table('library_suspensions',
    sa.Column('edition_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.ForeignKeyConstraint(['edition_id'], ['library_editions.id'], name=op.f('fk_library_suspensions_edition_id_library_editions')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_library_suspensions_product_id_products')),
    sa.PrimaryKeyConstraint('edition_id', 'product_id', name=op.f('pk_library_suspensions'))
    )
    op.create_index(op.f('ix_library_suspensions_product_id'), 'library_suspensions', ['product_id'], unique=False)
    op.create_table('product_observations',
    sa.Column('run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('figures', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_product_observations_product_id_products')),
    sa.ForeignKeyConstraint(['run_id'], ['observation_runs.id'], name=op.f('fk_product_observations_run_id_observation_runs')),
    sa.PrimaryKeyConstraint('run_id', 'product_id', name=op.f('pk_product_observations'))
    )
    op.create_index(op.f('ix_product_observations_product_id'), 'product_observations', ['product_id'], unique=False)
    op.create_table('award_candidates',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('award_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('product_revision_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bank', sa.String(length=40), nullable=False),
    sa.Column('figures', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('first_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('nominations', sa.Integer(), nullable=False),
    sa.Column('outcome', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('rank', sa.Integer(), nullable=False),
    sa.Column('struck_reason', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['award_id'], ['awards.id'], name=op.f('fk_award_candidates_award_id_awards')),
    sa.ForeignKeyConstraint(['product_id'], ['products.id'], name=op.f('fk_award_candidates_product_id_products')),
    sa.ForeignKeyConstraint(['product_revision_id'], ['product_revisions.id'], name=op.f('fk_award_candidates_product_revision_id_product_revisions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_award_candidates')),
    sa.UniqueConstraint('award_id', 'product_id', name=op.f('uq_award_candidates_award_id_product_id'))
    )
    op.create_index('ix_award_candidates_award_id_rank', 'award_candidates', ['award_id', 'rank'], unique=False)
    op.create_index(op.f('ix_award_candidates_product_id'), 'award_candidates', ['product_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_award_candidates_product_id'), table_name='award_candidates')
    op.drop_index('ix_award_candidates_award_id_rank', table_name='award_candidates')
    op.drop_table('award_candidates')
    op.drop_index(op.f('ix_product_observations_product_id'), table_name='product_observations')
    op.drop_table('product_observations')
    op.drop_index(op.f('ix_library_suspensions_product_id'), table_name='library_suspensions')
    op.drop_table('library_suspensions')
    op.drop_index('uq_award_nominations_standing', table_name='award_nominations', sqlite_where=sa.text('withdrawn_at IS NULL'), postgresql_where=sa.text('withdrawn_at IS NULL'))
    op.drop_index(op.f('ix_award_nominations_product_id'), table_name='award_nominations')
    op.drop_index(op.f('ix_award_nominations_person_id'), table_name='award_nominations')
    op.drop_index(op.f('ix_award_nominations_award_id'), table_name='award_nominations')
    op.drop_table('award_nominations')
    op.drop_index(op.f('ix_award_appeals_product_id'), table_name='award_appeals')
    op.drop_index(op.f('ix_award_appeals_person_id'), table_name='award_appeals')
    op.drop_index('ix_award_appeals_award_id_state', table_name='award_appeals')
    op.drop_table('award_appeals')
    op.drop_index(op.f('ix_award_jurors_person_id'), table_name='award_jurors')
    op.drop_index(op.f('ix_award_jurors_award_id'), table_name='award_jurors')
    op.drop_table('award_jurors')
    op.drop_index(op.f('ix_award_ballots_person_id'), table_name='award_ballots')
    op.drop_index(op.f('ix_award_ballots_award_id'), table_name='award_ballots')
    op.drop_table('award_ballots')
    op.drop_table('observation_runs')
    op.drop_table('library_calls')
    op.drop_table('awards')
