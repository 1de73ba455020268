"""docking events planned and held"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('event_years',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('jurisdiction', sa.String(length=6), nullable=False),
    sa.Column('year', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('content_hash', sa.String(length=64), nullable=False),
    sa.Column('planned_by', sa.String(length=80), nullable=False),
    sa.Column('planned_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_years')),
    sa.UniqueConstraint('jurisdiction', 'year', name=op.f('uq_event_years_jurisdiction_year'))
    )
    op.create_table('hosted_events',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('jurisdiction', sa.String(length=6), nullable=False),
    sa.Column('year_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('rhythm', sa.String(length=10), nullable=False),
    sa.Column('subject_code', sa.String(length=60), nullable=False),
    sa.Column('subject_name', sa.String(length=120), nullable=False),
    sa.Column('chain_code', sa.String(length=60), nullable=True),
    sa.Column('theme', sa.String(length=30), nullable=False),
    sa.Column('place_code', sa.String(length=6), nullable=False),
    sa.Column('place_name', sa.String(length=80), nullable=False),
    sa.Column('venue', sa.String(length=200), nullable=False),
    sa.Column('people', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('period', sa.Date(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('reasons', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('clause', sa.String(length=200), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('opens', sa.Integer(), nullable=False),
    sa.Column('closes', sa.Integer(), nullable=False),
    sa.Column('slot_minutes', sa.Integer(), nullable=False),
    sa.Column('change_minutes', sa.Integer(), nullable=False),
    sa.Column('breaks', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('most_a_firm', sa.Integer(), nullable=False),
    sa.Column('timetable', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True),
    sa.Column('made_by', sa.String(length=80), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['year_id'], ['event_years.id'], name=op.f('fk_hosted_events_year_id_event_years')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hosted_events'))
    )
    op.create_index(op.f('ix_hosted_events_chain_code'), 'hosted_events', ['chain_code'], unique=False)
    op.create_index('ix_hosted_events_jurisdiction_day', 'hosted_events', ['jurisdiction', 'day'], unique=False)
    op.create_index(op.f('ix_hosted_events_year_id'), 'hosted_events', ['year_id'], unique=False)
    op.create_table('event_guests',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('enterprise_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('institution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('region_code', sa.String(length=6), nullable=False),
    sa.Column('chain_code', sa.String(length=60), nullable=True),
    sa.Column('entry_ids', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('tables', sa.Integer(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('absent', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('invited_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('answered_by', sa.String(length=80), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('arrived_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.CheckConstraint('(enterprise_id IS NULL) <> (institution_id IS NULL)', name=op.f('ck_event_guests_guest_is_firm_or_bank')),
    sa.ForeignKeyConstraint(['enterprise_id'], ['enterprises.id'], name=op.f('fk_event_guests_enterprise_id_enterprises')),
    sa.ForeignKeyConstraint(['event_id'], ['hosted_events.id'], name=op.f('fk_event_guests_event_id_hosted_events')),
    sa.ForeignKeyConstraint(['institution_id'], ['institutions.id'], name=op.f('fk_event_guests_institution_id_institutions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_guests')),
    sa.UniqueConstraint('event_id', 'enterprise_id', name=op.f('uq_event_guests_event_id_enterprise_id')),
    sa.UniqueConstraint('event_id', 'institution_id', name=op.f('uq_event_guests_event_id_institution_id'))
    )
    op.create_index(op.f('ix_event_guests_enterprise_id'), 'event_guests', ['enterprise_id'], unique=False)
    op.create_index('ix_event_guests_event_id_id', 'event_guests', ['event_id', 'id'], unique=False)
    op.create_index(op.f('ix_event_guests_institution_id'), 'event_guests', ['institution_id'], unique=False)
    op.create_table('event_results',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('days', sa.Integer(), nullable=False),
    sa.Column('content', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('kept_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['event_id'], ['hosted_events.id'], name=op.f('fk_event_results_event_id_hosted_events')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_results')),
    sa.UniqueConstraint('event_id', 'days', name=op.f('uq_event_results_event_id_days'))
    )
    op.create_table('event_meetings',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('event_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('firm_guest_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('bank_guest_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('institution_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('fit', sa.Integer(), nullable=False),
    sa.Column('is_responsible', sa.Boolean(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('slot', sa.Integer(), nullable=True),
    sa.Column('place', sa.Integer(), nullable=True),
    sa.Column('met_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('note', sa.Text(), nullable=True),
    sa.Column('outcome', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.ForeignKeyConstraint(['bank_guest_id'], ['event_guests.id'], name=op.f('fk_event_meetings_bank_guest_id_event_guests')),
    sa.ForeignKeyConstraint(['event_id'], ['hosted_events.id'], name=op.f('fk_event_meetings_event_id_hosted_events')),
    sa.ForeignKeyConstraint(['firm_guest_id'], ['event_guests.id'], name=op.f('fk_event_meetings_firm_guest_id_event_guests')),
    sa.ForeignKeyConstraint(['institution_id'], ['institutions.id'], name=op.f('fk_event_meetings_institution_id_institutions')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_event_meetings')),
    sa.UniqueConstraint('firm_guest_id', 'bank_guest_id', name=op.f('uq_event_meetings_firm_guest_id_bank_guest_id'))
    )
    op.create_index(op.f('ix_event_meetings_bank_guest_id'), 'event_meetings', ['bank_guest_id'], unique=False)
    op.create_index(op.f('ix_event_meetings_event_id'), 'event_meetings', ['event_id'], unique=False)
    op.create_index(op.f('ix_event_meetings_institution_id'), 'event_meetings', ['institution_id'], unique=False)


def downgrade() -> None:
    op.drop_index(op.f('ix_event_meetings_institution_id'), table_name='event_meetings')
    op.drop_index(op.f('ix_event_meetings_event_id'), table_name='event_meetings')
    op.drop_index(op.f('ix_event_meetings_bank_guest_id'), table_name='event_meetings')
    op.drop_table('event_meetings')
    op.drop_table('event_results')
    op.drop_index(op.f('ix_event_guests_institution_id'), table_name='event_guests')
    op.drop_index('ix_event_guests_event_id_id', table_name='event_guests')
    op.drop_index(op.f('ix_event_guests_enterprise_id'), table_name='event_guests')
    op.drop_table('event_guests')
    op.drop_index(op.f('ix_hosted_events_year_id'), table_name='hosted_events')
    op.drop_index('ix_hosted_events_jurisdiction_day', table_name='hosted_events')
    op.drop_index(op.f('ix_hosted_events_chain_code'), table_name='hosted_events')
    op.drop_table('hosted_events')
    op.drop_table('event_years')
