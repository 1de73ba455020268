"""rounds of two sided selection"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('selection_rounds',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('jurisdiction', sa.String(length=6), nullable=False),
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('edition_code', sa.String(length=6), nullable=False),
    sa.Column('proposing', sa.String(length=10), nullable=False),
    sa.Column('tie_rule', sa.String(length=10), nullable=False),
    sa.Column('lottery_source', sa.String(length=200), nullable=False),
    sa.Column('lottery_seed', sa.String(length=200), nullable=True),
    sa.Column('first_until', sa.Date(), nullable=False),
    sa.Column('submit_until', sa.Date(), nullable=False),
    sa.Column('objection_days', sa.Integer(), nullable=False),
    sa.Column('objection_until', sa.Date(), nullable=True),
    sa.Column('absent_places', sa.Integer(), nullable=False),
    sa.Column('rules', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('state', sa.String(length=10), nullable=False),
    sa.Column('opened_by', sa.String(length=80), nullable=False),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_rounds')),
    sa.UniqueConstraint('code', name=op.f('uq_selection_rounds_code'))
    )
    op.create_index('ix_selection_rounds_jurisdiction_id', 'selection_rounds', ['jurisdiction', 'id'], unique=False)
    op.create_table('selection_drafts',
    sa.Column('round_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('participant', sa.String(length=60), nullable=False),
    sa.Column('content', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['selection_rounds.id'], name=op.f('fk_selection_drafts_round_id_selection_rounds')),
    sa.PrimaryKeyConstraint('round_id', 'participant', name=op.f('pk_selection_drafts'))
    )
    op.create_table('selection_objections',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('round_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('participant', sa.String(length=60), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('pairs_sha256', sa.String(length=64), nullable=False),
    sa.Column('objected_by', sa.String(length=80), nullable=False),
    sa.Column('objected_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('is_upheld', sa.Boolean(), nullable=True),
    sa.Column('answer', sa.Text(), nullable=False),
    sa.Column('answered_by', sa.String(length=80), nullable=True),
    sa.Column('answered_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['selection_rounds.id'], name=op.f('fk_selection_objections_round_id_selection_rounds')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_objections')),
    sa.UniqueConstraint('round_id', 'number', name=op.f('uq_selection_objections_round_id_number'))
    )
    op.create_table('selection_participants',
    sa.Column('round_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('code', sa.String(length=60), nullable=False),
    sa.Column('side', sa.String(length=10), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('name', sa.String(length=200), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['selection_rounds.id'], name=op.f('fk_selection_participants_round_id_selection_rounds')),
    sa.PrimaryKeyConstraint('round_id', 'code', name=op.f('pk_selection_participants'))
    )
    op.create_index('ix_selection_participants_round_id_side_position', 'selection_participants', ['round_id', 'side', 'position'], unique=False)
    op.create_table('selection_steps',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('round_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('act', sa.String(length=10), nullable=False),
    sa.Column('taken_by', sa.String(length=80), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('note', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['selection_rounds.id'], name=op.f('fk_selection_steps_round_id_selection_rounds')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_steps'))
    )
    op.create_index(op.f('ix_selection_steps_round_id'), 'selection_steps', ['round_id'], unique=False)
    op.create_table('selection_submissions',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('round_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('participant', sa.String(length=60), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('is_withdrawal', sa.Boolean(), nullable=False),
    sa.Column('quota', sa.Integer(), nullable=False),
    sa.Column('tiers', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('refuses', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('rest', sa.String(length=10), nullable=False),
    sa.Column('submitted_by', sa.String(length=80), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['round_id'], ['selection_rounds.id'], name=op.f('fk_selection_submissions_round_id_selection_rounds')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_submissions')),
    sa.UniqueConstraint('round_id', 'participant', 'number', name=op.f('uq_selection_submissions_round_id_participant_number'))
    )
    op.create_table('selection_measurements',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('round_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('match_run_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('arrays', sa.LargeBinary(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('contracts', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('taken_by', sa.String(length=80), nullable=False),
    sa.Column('taken_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['match_run_id'], ['match_runs.id'], name=op.f('fk_selection_measurements_match_run_id_match_runs')),
    sa.ForeignKeyConstraint(['round_id'], ['selection_rounds.id'], name=op.f('fk_selection_measurements_round_id_selection_rounds')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_measurements')),
    sa.UniqueConstraint('round_id', 'number', name=op.f('uq_selection_measurements_round_id_number'))
    )
    op.create_index(op.f('ix_selection_measurements_match_run_id'), 'selection_measurements', ['match_run_id'], unique=False)
    op.create_table('selection_results',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('round_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('measurement_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('inputs', sa.Text(), nullable=False),
    sa.Column('inputs_sha256', sa.String(length=64), nullable=False),
    sa.Column('market_sha256', sa.String(length=64), nullable=False),
    sa.Column('pairs_sha256', sa.String(length=64), nullable=False),
    sa.Column('proof', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('summary', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('computed_by', sa.String(length=80), nullable=False),
    sa.Column('computed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('voided_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['measurement_id'], ['selection_measurements.id'], name=op.f('fk_selection_results_measurement_id_selection_measurements')),
    sa.ForeignKeyConstraint(['round_id'], ['selection_rounds.id'], name=op.f('fk_selection_results_round_id_selection_rounds')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_selection_results')),
    sa.UniqueConstraint('round_id', 'number', name=op.f('uq_selection_results_round_id_number'))
    )
    op.create_index(op.f('ix_selection_results_measurement_id'), 'selection_results', ['measurement_id'], unique=False)
    op.create_table('selection_outcomes',
    sa.Column('result_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('participant', sa.String(length=60), nullable=False),
    sa.Column('side', sa.String(length=10), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('contracts', sa.Integer(), nullable=False),
    sa.Column('places', sa.Integer(), nullable=False),
    sa.Column('acceptable', sa.Integer(), nullable=False),
    sa.Column('chosen', sa.Integer(), nullable=False),
    sa.Column('rank_sum', sa.Integer(), nullable=False),
    sa.Column('said', sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
    sa.Column('alternative', sa.Text(), nullable=True),
    sa.ForeignKeyConstraint(['result_id'], ['selection_results.id'], name=op.f('fk_selection_outcomes_result_id_selection_results')),
    sa.PrimaryKeyConstraint('result_id', 'participant', name=op.f('pk_selection_outcomes'))
    )
    op.create_index('ix_selection_outcomes_result_id_side_position', 'selection_outcomes', ['result_id', 'side', 'position'], unique=False)
    op.create_table('selection_pairs',
    sa.Column('result_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('chain_code', sa.String(length=60), nullable=False),
    sa.Column('bank_code', sa.String(length=60), nullable=False),
    sa.Column('chain_rank', sa.Integer(), nullable=False),
    sa.Column('bank_rank', sa.Integer(), nullable=False),
    sa.Column('is_chain_tied', sa.Boolean(), nullable=False),
    sa.Column('is_bank_tied', sa.Boolean(), nullable=False),
    sa.ForeignKeyConstraint(['result_id'], ['selection_results.id'], name=op.f('fk_selection_pairs_result_id_selection_results')),
    sa.PrimaryKeyConstraint('result_id', 'chain_code', 'bank_code', name=op.f('pk_selection_pairs'))
    )
    op.create_index('ix_selection_pairs_result_id_bank_code', 'selection_pairs', ['result_id', 'bank_code'], unique=False)


def downgrade() -> None:
    op.drop_index('ix_selection_pairs_result_id_bank_code', table_name='selection_pairs')
    op.drop_table('selection_pairs')
    op.drop_index('ix_selection_outcomes_result_id_side_position', table_name='selection_outcomes')
    op.drop_table('selection_outcomes')
    op.drop_index(op.f('ix_selection_results_measurement_id'), table_name='selection_results')
    op.drop_table('selection_results')
    op.drop_index(op.f('ix_selection_measurements_match_run_id'), table_name='selection_measurements')
    op.drop_table('selection_measurements')
    op.drop_table('selection_submissions')
    op.drop_index(op.f('ix_selection_steps_round_id'), table_name='selection_steps')
    op.drop_table('selection_steps')
    op.drop_index('ix_selection_participants_round_id_side_position', table_name='selection_participants')
    op.drop_table('selection_participants')
    op.drop_table('selection_objections')
    op.drop_table('selection_drafts')
    op.drop_index('ix_selection_rounds_jurisdiction_id', table_name='selection_rounds')
    op.drop_table('selection_rounds')
