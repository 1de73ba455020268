"""audit trail only grows

Triggers refuse any change of audit_events but adding the next link. They are not part of the tables'
description: whoever rebuilds the table in a later migration (batch mode on SQLite does) sets them anew.
"""

from alembic import op

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

REFUSAL = 'the audit trail only grows'
OUT_OF_ORDER = 'this is not the next link of the audit trail'

# SQLite: INSERT OR REPLACE deletes without firing triggers of DELETE, so what is not next is refused before.
SQLITE = {
    'audit_events_no_update': f"BEFORE UPDATE ON audit_events BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    'audit_events_no_delete': f"BEFORE DELETE ON audit_events BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END",
    'audit_events_next_only': f"""BEFORE INSERT ON audit_events
        WHEN NEW.sequence <> 1 + coalesce((SELECT max(sequence) FROM audit_events), 0)
          OR NEW.previous_hash <> coalesce(
              (SELECT hash FROM audit_events ORDER BY sequence DESC LIMIT 1), '{"0" * 64}')
          OR EXISTS (SELECT 1 FROM audit_events WHERE hash = NEW.hash)
        BEGIN SELECT RAISE(ABORT, '{OUT_OF_ORDER}'); END""",
}

# The table is named with its schema: a temporary table of the same name would else be asked instead.
POSTGRESQL_FUNCTIONS = (
    f"""CREATE FUNCTION audit_events_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'insufficient_privilege';
    END $$""",
    f"""CREATE FUNCTION audit_events_next() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        last record;
    BEGIN
        SELECT sequence, hash INTO last FROM "@schema@".audit_events ORDER BY sequence DESC LIMIT 1;
        IF NEW.sequence <> 1 + coalesce(last.sequence, 0)
            OR NEW.previous_hash <> coalesce(last.hash, repeat('0', 64)) THEN
            RAISE EXCEPTION '{OUT_OF_ORDER}' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN NEW;
    END $$""",
)
POSTGRESQL = {
    'audit_events_no_change': 'BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_events_refuse()',
    'audit_events_no_truncate': 'BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION audit_events_refuse()',
    'audit_events_next_only': 'BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION audit_events_next()',
}


def upgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == 'postgresql'
    if is_postgresql:
        schema = op.get_bind().exec_driver_sql('SELECT current_schema()').scalar_one()
        for function in POSTGRESQL_FUNCTIONS:
            op.execute(function.replace('@schema@', schema))
    for name, what in (POSTGRESQL if is_postgresql else SQLITE).items():
        op.execute(f'CREATE TRIGGER {name} {what}')


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == 'postgresql'
    for name in POSTGRESQL if is_postgresql else SQLITE:
        op.execute(f'DROP TRIGGER {name}' + (' ON audit_events' if is_postgresql else ''))
    for name in ('audit_events_refuse', 'audit_events_next') if is_postgresql else ():
        op.execute(f'DROP FUNCTION {name}()')
