-- TRUNCATE asks the triggers of each table that it empties, also of those that CASCADE adds, but
-- of a partition only its own. Test databases may be emptied, or no test could start afresh.
DO $$
DECLARE
  emptied regclass;
BEGIN
  FOR emptied IN
    SELECT named FROM unnest('{proposals,votes,power_snapshots,tally_slots}'::regclass[]) AS named
    UNION
    SELECT relid FROM unnest('{votes,power_snapshots}'::regclass[]) AS root, pg_partition_tree(root)
  LOOP
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER governance_no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
      ' WHEN (current_database() NOT LIKE %L) EXECUTE FUNCTION refuse(%L, %L)',
      emptied, 'test\_%', 'governance_no_truncate', 'votes and what they stand on are never emptied');
  END LOOP;
END $$;
