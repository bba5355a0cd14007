-- The live tally follows the votes in sixteen slots a proposal. docs/adr/0004-votes.md says why.

CREATE OR REPLACE FUNCTION tally_add(
  proposal uuid,
  yes_n bigint, no_n bigint, abstain_n bigint,
  yes_p numeric, no_p numeric, abstain_p numeric
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- One slot for the whole difference: two slots for one changed vote could deadlock.
  INSERT INTO tally_slots AS slots (
      proposal_id, slot, version, yes_votes, no_votes, abstain_votes,
      yes_power, no_power, abstain_power, updated_at)
    VALUES (
      proposal, pg_backend_pid() % 16, 1, yes_n, no_n, abstain_n,
      yes_p, no_p, abstain_p, clock_timestamp())
    ON CONFLICT (proposal_id, slot) DO UPDATE SET
      version = slots.version + 1,
      yes_votes = slots.yes_votes + excluded.yes_votes,
      no_votes = slots.no_votes + excluded.no_votes,
      abstain_votes = slots.abstain_votes + excluded.abstain_votes,
      yes_power = slots.yes_power + excluded.yes_power,
      no_power = slots.no_power + excluded.no_power,
      abstain_power = slots.abstain_power + excluded.abstain_power,
      updated_at = excluded.updated_at;
END $$;

-- Changed and deleted votes: one at a time, as members change them.
CREATE OR REPLACE FUNCTION votes_tally() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
  yes_n int := 0; no_n int := 0; abstain_n int := 0;
  yes_p numeric := 0; no_p numeric := 0; abstain_p numeric := 0;
BEGIN
  CASE OLD.vote_type
    WHEN 'yes' THEN yes_n := -1; yes_p := -OLD.voting_power;
    WHEN 'no' THEN no_n := -1; no_p := -OLD.voting_power;
    ELSE abstain_n := -1; abstain_p := -OLD.voting_power;
  END CASE;
  IF TG_OP = 'UPDATE' THEN
    CASE NEW.vote_type
      WHEN 'yes' THEN yes_n := yes_n + 1; yes_p := yes_p + NEW.voting_power;
      WHEN 'no' THEN no_n := no_n + 1; no_p := no_p + NEW.voting_power;
      ELSE abstain_n := abstain_n + 1; abstain_p := abstain_p + NEW.voting_power;
    END CASE;
  END IF;
  PERFORM tally_add(OLD.proposal_id, yes_n, no_n, abstain_n, yes_p, no_p, abstain_p);
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER votes_2_tally AFTER DELETE OR UPDATE OF vote_type, voting_power ON votes
  FOR EACH ROW EXECUTE FUNCTION votes_tally();

-- New votes are tallied once a statement, not once a row: within one transaction PostgreSQL keeps
-- every version of a slot, and 100,000 imported votes walked past each other's. An INSERT ... ON
-- CONFLICT DO UPDATE that only changed votes comes here with none.
CREATE OR REPLACE FUNCTION votes_tally_added() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM tally_add(
    proposal_id,
    count(*) FILTER (WHERE vote_type = 'yes'),
    count(*) FILTER (WHERE vote_type = 'no'),
    count(*) FILTER (WHERE vote_type = 'abstain'),
    coalesce(sum(voting_power) FILTER (WHERE vote_type = 'yes'), 0),
    coalesce(sum(voting_power) FILTER (WHERE vote_type = 'no'), 0),
    coalesce(sum(voting_power) FILTER (WHERE vote_type = 'abstain'), 0))
  FROM added
  GROUP BY proposal_id
  ORDER BY proposal_id;  -- everybody takes slots in the same order
  RETURN NULL;
END $$;

-- A statement's triggers are those of the table that it names. So that no door leads past the
-- tally, each partition has its own.
DO $$
DECLARE
  named regclass;
BEGIN
  FOR named IN SELECT 'votes'::regclass UNION SELECT relid FROM pg_partition_tree('votes') LOOP
    EXECUTE format(
      'CREATE OR REPLACE TRIGGER votes_3_tally AFTER INSERT ON %s REFERENCING NEW TABLE AS added'
      ' FOR EACH STATEMENT EXECUTE FUNCTION votes_tally_added()', named);
  END LOOP;
END $$;

-- The tally's own functions run inside a trigger; nobody else has a reason to write here.
CREATE OR REPLACE TRIGGER tally_slots_1_guard BEFORE INSERT OR UPDATE OR DELETE ON tally_slots
  FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
  EXECUTE FUNCTION refuse('tally_slots_guard', 'the tally follows the votes by itself');
