-- Votes are kept true here, whatever door they come through. docs/adr/0004-votes.md says why.
--
-- Lock order for everybody: advisory(proposal) -> proposals -> power_snapshots -> votes -> slot.

-- Voters hold this lock shared until they commit; whoever closes a proposal takes it alone, and
-- so waits for every vote that is under way.
CREATE FUNCTION proposal_lock_key(proposal uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT hashtextextended('proposal:' || proposal::text, 0)
$$;

-- Being in the snapshot is being eligible.
ALTER TABLE votes ADD CONSTRAINT votes_eligible_fk
  FOREIGN KEY (proposal_id, voter_id) REFERENCES power_snapshots (proposal_id, user_id)
  DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE votes ADD CONSTRAINT votes_reason_ck
  CHECK (reason = '' OR reason_sha256 = encode(sha256(convert_to(reason, 'UTF8')), 'hex'));

CREATE FUNCTION votes_guard() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER votes_1_guard
  BEFORE INSERT OR DELETE
  OR UPDATE OF id, proposal_id, voter_id, vote_type, voting_power, reason_sha256, cast_at ON votes
  FOR EACH ROW EXECUTE FUNCTION votes_guard();

CREATE FUNCTION votes_tally() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  proposal uuid;
  yes_n int := 0; no_n int := 0; abstain_n int := 0;
  yes_p numeric := 0; no_p numeric := 0; abstain_p numeric := 0;
BEGIN
  IF TG_OP <> 'INSERT' THEN
    proposal := OLD.proposal_id;
    CASE OLD.vote_type
      WHEN 'yes' THEN yes_n := -1; yes_p := -OLD.voting_power;
      WHEN 'no' THEN no_n := -1; no_p := -OLD.voting_power;
      ELSE abstain_n := -1; abstain_p := -OLD.voting_power;
    END CASE;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    proposal := NEW.proposal_id;
    CASE NEW.vote_type
      WHEN 'yes' THEN yes_n := yes_n + 1; yes_p := yes_p + NEW.voting_power;
      WHEN 'no' THEN no_n := no_n + 1; no_p := no_p + NEW.voting_power;
      ELSE abstain_n := abstain_n + 1; abstain_p := abstain_p + NEW.voting_power;
    END CASE;
  END IF;
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
  RETURN NULL;
END $$;

CREATE TRIGGER votes_2_tally
  AFTER INSERT OR DELETE OR UPDATE OF vote_type, voting_power ON votes
  FOR EACH ROW EXECUTE FUNCTION votes_tally();

-- The slots are written again with every vote: leave room on the page, and no index is touched.
ALTER TABLE tally_slots SET (fillfactor = 50);

-- What was frozen at opening stays frozen, and a result is written once.
CREATE FUNCTION proposals_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.source, NEW.number, NEW.proposer_id) IS DISTINCT FROM
     (OLD.source, OLD.number, OLD.proposer_id) THEN
    RAISE EXCEPTION 'source, number and author of a proposal never change'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_identity';
  END IF;
  IF OLD.status <> 'draft' AND NEW.status = 'draft' THEN
    RAISE EXCEPTION 'a published proposal never becomes a draft again'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_published';
  END IF;
  IF OLD.opened_at IS NOT NULL AND
     (NEW.title, NEW.description, NEW.type, NEW.metadata, NEW.voting_start, NEW.voting_end,
      NEW.published_at, NEW.opened_at, NEW.token_id, NEW.quorum_mode, NEW.quorum_threshold,
      NEW.approval_numerator, NEW.approval_denominator, NEW.approval_threshold, NEW.total_power,
      NEW.rule_version, NEW.fingerprint) IS DISTINCT FROM
     (OLD.title, OLD.description, OLD.type, OLD.metadata, OLD.voting_start, OLD.voting_end,
      OLD.published_at, OLD.opened_at, OLD.token_id, OLD.quorum_mode, OLD.quorum_threshold,
      OLD.approval_numerator, OLD.approval_denominator, OLD.approval_threshold, OLD.total_power,
      OLD.rule_version, OLD.fingerprint) THEN
    RAISE EXCEPTION 'text, window and rule are frozen once voting has opened'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_frozen';
  END IF;
  IF OLD.closed_at IS NOT NULL AND
     (NEW.status, NEW.outcome_reason, NEW.outcome_note, NEW.closed_at, NEW.votes_digest,
      NEW.yes_votes, NEW.no_votes, NEW.abstain_votes,
      NEW.yes_power, NEW.no_power, NEW.abstain_power) IS DISTINCT FROM
     (OLD.status, OLD.outcome_reason, OLD.outcome_note, OLD.closed_at, OLD.votes_digest,
      OLD.yes_votes, OLD.no_votes, OLD.abstain_votes,
      OLD.yes_power, OLD.no_power, OLD.abstain_power) THEN
    RAISE EXCEPTION 'a result is written once'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_decided';
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER proposals_1_guard BEFORE UPDATE ON proposals
  FOR EACH ROW EXECUTE FUNCTION proposals_guard();

-- Nothing that happens to a balance later changes the power that was counted.
CREATE FUNCTION power_snapshots_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- Both ends: a row must not leave a proposal that is open any more than enter one.
  IF EXISTS (
    SELECT FROM proposals
    WHERE id IN (OLD.proposal_id, NEW.proposal_id) AND opened_at IS NOT NULL
  ) THEN
    RAISE EXCEPTION 'counted power is frozen once voting has opened'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'power_snapshots_frozen';
  END IF;
  RETURN coalesce(NEW, OLD);
END $$;

CREATE TRIGGER power_snapshots_1_guard BEFORE INSERT OR UPDATE OR DELETE ON power_snapshots
  FOR EACH ROW EXECUTE FUNCTION power_snapshots_guard();
