-- Voters hold this lock shared until they commit; whoever closes a proposal takes it alone, and
-- so waits for every vote that is under way. docs/adr/0004-votes.md has the order of all locks.
CREATE OR REPLACE FUNCTION proposal_lock_key(proposal uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT hashtextextended('proposal:' || proposal::text, 0)
$$;
