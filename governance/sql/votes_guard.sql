-- A vote is judged here, whatever door it comes through. docs/adr/0004-votes.md says why.
--
-- Lock order for everybody: advisory(proposal) -> proposals -> power_snapshots -> votes -> slot.
CREATE OR REPLACE FUNCTION votes_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
DECLARE
  vote votes%ROWTYPE;
  proposal proposals%ROWTYPE;
  moment timestamptz;
BEGIN
  IF TG_OP = 'DELETE' THEN vote := OLD; ELSE vote := NEW; END IF;

  -- Under REPEATABLE READ the next statement would read the proposal as it was long ago.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'votes are cast under READ COMMITTED only'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  IF TG_OP = 'UPDATE'
     AND (NEW.proposal_id, NEW.voter_id) IS DISTINCT FROM (OLD.proposal_id, OLD.voter_id) THEN
    RAISE EXCEPTION 'a vote cannot move to another proposal or voter'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'votes_immobile';
  END IF;

  PERFORM pg_advisory_xact_lock_shared(proposal_lock_key(vote.proposal_id));
  -- A new statement, so a new snapshot: it sees a close that committed while we waited.
  SELECT * INTO proposal FROM proposals WHERE id = vote.proposal_id;
  moment := clock_timestamp();

  IF proposal.source = 'portal' THEN
    IF (proposal.status = 'active' AND proposal.opened_at IS NOT NULL
        AND moment >= proposal.voting_start AND moment < proposal.voting_end) IS NOT TRUE THEN
      RAISE EXCEPTION 'voting is not open' USING ERRCODE = 'check_violation', CONSTRAINT = 'votes_window';
    END IF;
  ELSIF (proposal.status = 'draft') IS NOT TRUE THEN  -- an importer, before it writes the result
    RAISE EXCEPTION 'imported votes are final' USING ERRCODE = 'check_violation', CONSTRAINT = 'votes_window';
  END IF;

  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  SELECT power INTO NEW.voting_power FROM power_snapshots
    WHERE proposal_id = NEW.proposal_id AND user_id = NEW.voter_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the voter is not in the snapshot'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'votes_eligible';
  END IF;
  IF proposal.source = 'portal' THEN
    NEW.cast_at := moment;
  END IF;
  RETURN NEW;
END $$;

-- Not on UPDATE OF reason: a reason can be hidden or erased long after the vote. Its hash, which the
-- receipt covers, cannot: votes_reason_ck lets a reason go and come back, and never become another.
CREATE OR REPLACE TRIGGER votes_1_guard
  BEFORE INSERT OR DELETE
  OR UPDATE OF id, proposal_id, voter_id, vote_type, voting_power, reason_sha256, cast_at ON votes
  FOR EACH ROW EXECUTE FUNCTION votes_guard();

CREATE OR REPLACE TRIGGER votes_0_identity BEFORE UPDATE OF id, created_at ON votes
  FOR EACH ROW WHEN ((NEW.id, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.created_at))
  EXECUTE FUNCTION refuse('votes_immobile', 'the key and the first time of a vote never change');
