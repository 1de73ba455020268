"""closed months stay closed

Triggers refuse any change and any removal of coverage_snapshots: a closed figure never changes. They are not
part of the table's description: whoever rebuilds the table in a later migration (batch mode on SQLite does)
sets them anew.
"""

from alembic import op

revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

REFUSAL = 'a closed month never changes'

# SQLite: INSERT OR REPLACE deletes without firing triggers of DELETE, so a month that is there is refused before.
SQLITE = {
    'coverage_snapshots_no_update': f"BEFORE UPDATE ON coverage_snapshots BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    'coverage_snapshots_no_delete': f"BEFORE DELETE ON coverage_snapshots BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    'coverage_snapshots_no_replace': f"""BEFORE INSERT ON coverage_snapshots
        WHEN EXISTS (
            SELECT 1 FROM coverage_snapshots
            WHERE id = NEW.id OR (jurisdiction = NEW.jurisdiction AND month = NEW.month))
        BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END""",
}

POSTGRESQL_FUNCTION = f"""CREATE FUNCTION coverage_snapshots_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'insufficient_privilege';
    END $$"""
POSTGRESQL = {
    'coverage_snapshots_no_change': 'BEFORE UPDATE OR DELETE ON coverage_snapshots FOR EACH ROW EXECUTE FUNCTION coverage_snapshots_refuse()',
    'coverage_snapshots_no_truncate': 'BEFORE TRUNCATE ON coverage_snapshots FOR EACH STATEMENT EXECUTE FUNCTION coverage_snapshots_refuse()',
}


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == 'postgresql'
    if is_postgresql:
        op.execute(POSTGRESQL_FUNCTION)
    for name, what in (POSTGRESQL if is_postgresql else SQLITE).items():
        op.execute(f'CREATE TRIGGER {name} {what}')


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == 'postgresql'
    for name in POSTGRESQL if is_postgresql else SQLITE:
        op.execute(f'DROP TRIGGER {name}' + (' ON coverage_snapshots' if is_postgresql else ''))
    if is_postgresql:
        op.execute('DROP FUNCTION coverage_snapshots_refuse()')
