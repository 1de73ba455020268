"""what changed since

Triggers note, in the transaction that changes it, which entries anything changed about that coverage is computed
from; a row without an entry means all of them. Processes that keep figures ask for what was noted since. The table
holds nothing of its own (whitelist/change_queries.py says more): it is no part of the tables that are moved, backed
up or compared. Whoever rebuilds one of the tables in a later migration (batch mode on SQLite does) sets its
triggers anew.
"""

import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('entry_changes',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('entry_id', sa.BigInteger(), nullable=True),
    sa.Column('xact', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_entry_changes'))
    )
    op.create_index('ix_entry_changes_xact', 'entry_changes', ['xact'])
    if op.get_bind().dialect.name == 'postgresql':
        op.execute("""CREATE FUNCTION note_changed_entries() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path FROM CURRENT AS $$ BEGIN
        INSERT INTO entry_changes (entry_id, xact) SELECT id, pg_current_xact_id()::text::bigint FROM changed;
        RETURN NULL;
    END $$""")
        op.execute("""CREATE FUNCTION note_entries_of_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path FROM CURRENT AS $$ BEGIN
        INSERT INTO entry_changes (entry_id, xact) SELECT DISTINCT entry_id, pg_current_xact_id()::text::bigint FROM changed;
        RETURN NULL;
    END $$""")
        op.execute("""CREATE FUNCTION note_all_changed() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path FROM CURRENT AS $$ BEGIN
        INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, pg_current_xact_id()::text::bigint);
        RETURN NULL;
    END $$""")
        op.execute("""CREATE TRIGGER whitelist_entries_note_insert AFTER INSERT ON whitelist_entries
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_changed_entries()""")
        op.execute("""CREATE TRIGGER whitelist_entries_note_update AFTER UPDATE ON whitelist_entries
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_changed_entries()""")
        op.execute("""CREATE TRIGGER whitelist_entries_note_delete AFTER DELETE ON whitelist_entries
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_changed_entries()""")
        op.execute("""CREATE TRIGGER entry_withdrawals_note_insert AFTER INSERT ON entry_withdrawals
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER entry_withdrawals_note_update AFTER UPDATE ON entry_withdrawals
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER entry_withdrawals_note_delete AFTER DELETE ON entry_withdrawals
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER assignments_note_insert AFTER INSERT ON assignments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER assignments_note_update AFTER UPDATE ON assignments
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER assignments_note_delete AFTER DELETE ON assignments
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER docking_events_note_insert AFTER INSERT ON docking_events
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER docking_events_note_update AFTER UPDATE ON docking_events
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER docking_events_note_delete AFTER DELETE ON docking_events
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION note_entries_of_changed()""")
        op.execute("""CREATE TRIGGER need_revisions_note AFTER UPDATE OR DELETE ON need_revisions
    FOR EACH STATEMENT EXECUTE FUNCTION note_all_changed()""")
        op.execute("""CREATE TRIGGER institutions_note AFTER INSERT OR UPDATE OR DELETE ON institutions
    FOR EACH STATEMENT EXECUTE FUNCTION note_all_changed()""")
        op.execute("""CREATE TRIGGER chains_note AFTER INSERT OR UPDATE OR DELETE ON chains
    FOR EACH STATEMENT EXECUTE FUNCTION note_all_changed()""")
    else:
        op.execute("""CREATE TRIGGER whitelist_entries_note_insert AFTER INSERT ON whitelist_entries
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NEW.id, 0); END""")
        op.execute("""CREATE TRIGGER whitelist_entries_note_update AFTER UPDATE ON whitelist_entries
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NEW.id, 0); END""")
        op.execute("""CREATE TRIGGER whitelist_entries_note_delete AFTER DELETE ON whitelist_entries
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (OLD.id, 0); END""")
        op.execute("""CREATE TRIGGER entry_withdrawals_note_insert AFTER INSERT ON entry_withdrawals
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NEW.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER entry_withdrawals_note_update AFTER UPDATE ON entry_withdrawals
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NEW.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER entry_withdrawals_note_delete AFTER DELETE ON entry_withdrawals
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (OLD.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER assignments_note_insert AFTER INSERT ON assignments
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NEW.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER assignments_note_update AFTER UPDATE ON assignments
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NEW.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER assignments_note_delete AFTER DELETE ON assignments
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (OLD.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER docking_events_note_insert AFTER INSERT ON docking_events
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NEW.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER docking_events_note_update AFTER UPDATE ON docking_events
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NEW.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER docking_events_note_delete AFTER DELETE ON docking_events
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (OLD.entry_id, 0); END""")
        op.execute("""CREATE TRIGGER need_revisions_note_update AFTER UPDATE ON need_revisions
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, 0); END""")
        op.execute("""CREATE TRIGGER need_revisions_note_delete AFTER DELETE ON need_revisions
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, 0); END""")
        op.execute("""CREATE TRIGGER institutions_note_insert AFTER INSERT ON institutions
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, 0); END""")
        op.execute("""CREATE TRIGGER institutions_note_update AFTER UPDATE ON institutions
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, 0); END""")
        op.execute("""CREATE TRIGGER institutions_note_delete AFTER DELETE ON institutions
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, 0); END""")
        op.execute("""CREATE TRIGGER chains_note_insert AFTER INSERT ON chains
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, 0); END""")
        op.execute("""CREATE TRIGGER chains_note_update AFTER UPDATE ON chains
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, 0); END""")
        op.execute("""CREATE TRIGGER chains_note_delete AFTER DELETE ON chains
    BEGIN INSERT INTO entry_changes (entry_id, xact) VALUES (NULL, 0); END""")


def downgrade() -> None:
    if op.get_bind().dialect.name == 'postgresql':
        for name in ('note_changed_entries', 'note_entries_of_changed', 'note_all_changed'):
            op.execute(f'DROP FUNCTION {name}() CASCADE')
    else:
        names = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%INTO entry_changes%'")
        for name in op.get_bind().scalars(names).all():
            op.execute(f'DROP TRIGGER {name}')
    op.drop_index('ix_entry_changes_xact', table_name='entry_changes')
    op.drop_table('entry_changes')
