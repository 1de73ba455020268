"""preconditions of jobs, regions of places

The version that a job's request named, and the region in which a cluster, zone or park of a chain lies.
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('chain_places', sa.Column('region', sa.String(length=6), nullable=True))
    op.add_column('jobs', sa.Column('if_match', sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column('jobs', 'if_match')
    op.drop_column('chain_places', 'region')
