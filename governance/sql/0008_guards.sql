-- What 0002 left open: power that is added while voting opens, a result that is not what the votes
-- say, tables that are emptied, a tally that is written by hand. docs/adr/0004-votes.md.

-- --- what is refused whatever it holds: the constraint's name, then the words ------------------

CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING
    MESSAGE = TG_ARGV[1], ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[0];
END $$;

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
      'CREATE TRIGGER governance_no_truncate BEFORE TRUNCATE ON %s FOR EACH STATEMENT'
      ' WHEN (current_database() NOT LIKE %L) EXECUTE FUNCTION refuse(%L, %L)',
      emptied, 'test\_%', 'governance_no_truncate', 'votes and what they stand on are never emptied');
  END LOOP;
END $$;

-- The tally's own functions run inside a trigger; nobody else has a reason to write here.
CREATE TRIGGER tally_slots_1_guard BEFORE INSERT OR UPDATE OR DELETE ON tally_slots
  FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0)
  EXECUTE FUNCTION refuse('tally_slots_guard', 'the tally follows the votes by itself');

CREATE TRIGGER votes_0_identity BEFORE UPDATE OF id, created_at ON votes
  FOR EACH ROW WHEN ((NEW.id, NEW.created_at) IS DISTINCT FROM (OLD.id, OLD.created_at))
  EXECUTE FUNCTION refuse('votes_immobile', 'the key and the first time of a vote never change');


-- Receipts are made of it, also where there is no reason. Not "{64}": that costs a vote 5 µs.
ALTER TABLE votes ADD CONSTRAINT votes_reason_sha256_ck
  CHECK (length(reason_sha256) = 64 AND reason_sha256 ~ '^[0-9a-f]*$');

-- --- counted power ------------------------------------------------------------------------------

-- Whoever adds power holds the proposal shared until the COMMIT, as voters do, and an opening
-- takes it alone: it counts what was added before, and what comes after is refused.
CREATE OR REPLACE FUNCTION power_snapshots_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'power is counted under READ COMMITTED only'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  IF TG_OP <> 'INSERT' THEN
    PERFORM pg_advisory_xact_lock_shared(proposal_lock_key(OLD.proposal_id));
  END IF;
  IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND NEW.proposal_id <> OLD.proposal_id THEN
    PERFORM pg_advisory_xact_lock_shared(proposal_lock_key(NEW.proposal_id));
  END IF;
  -- A new statement: it sees an opening that committed while we waited.
  -- Both ends: a row must not leave a proposal that is open any more than enter one.
  IF EXISTS (
    SELECT FROM proposals
    WHERE id IN (OLD.proposal_id, NEW.proposal_id)
      AND (opened_at IS NOT NULL OR closed_at IS NOT NULL)
  ) THEN
    RAISE EXCEPTION 'counted power is frozen once voting has opened'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'power_snapshots_frozen';
  END IF;
  RETURN coalesce(NEW, OLD);
END $$;

-- --- the life of a proposal ---------------------------------------------------------------------

CREATE TRIGGER proposals_0_birth BEFORE INSERT ON proposals
  FOR EACH ROW WHEN (NEW.opened_at IS NOT NULL OR NEW.closed_at IS NOT NULL)
  EXECUTE FUNCTION refuse('proposals_birth', 'a proposal enters before its vote, never after it');

CREATE TRIGGER proposals_0_death BEFORE DELETE ON proposals
  FOR EACH ROW WHEN (OLD.status <> 'draft')
  EXECUTE FUNCTION refuse('proposals_published', 'what was published is never deleted');

-- What was frozen at opening stays frozen, and a result is written once.
CREATE OR REPLACE FUNCTION proposals_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.id, NEW.created_at, NEW.source, NEW.number, NEW.proposer_id) IS DISTINCT FROM
     (OLD.id, OLD.created_at, OLD.source, OLD.number, OLD.proposer_id)
     OR OLD.status <> 'draft' AND NEW.source_id <> OLD.source_id THEN
    RAISE EXCEPTION 'key, source, number and author of a proposal never change'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_identity';
  END IF;
  IF OLD.status <> 'draft' AND NEW.status = 'draft' THEN
    RAISE EXCEPTION 'a published proposal never becomes a draft again'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_published';
  END IF;
  IF OLD.closed_at IS NOT NULL AND
     (NEW.status, NEW.outcome_reason, NEW.outcome_note, NEW.closed_at, NEW.votes_digest,
      NEW.total_votes, NEW.yes_votes, NEW.no_votes, NEW.abstain_votes,
      NEW.yes_power, NEW.no_power, NEW.abstain_power) IS DISTINCT FROM
     (OLD.status, OLD.outcome_reason, OLD.outcome_note, OLD.closed_at, OLD.votes_digest,
      OLD.total_votes, OLD.yes_votes, OLD.no_votes, OLD.abstain_votes,
      OLD.yes_power, OLD.no_power, OLD.abstain_power) THEN
    RAISE EXCEPTION 'a result is written once'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_decided';
  END IF;
  IF (OLD.opened_at IS NOT NULL OR OLD.closed_at IS NOT NULL) AND
     (NEW.title, NEW.description, NEW.description_html, NEW.type, NEW.metadata, NEW.voting_start,
      NEW.voting_end, NEW.published_at, NEW.opened_at, NEW.token_id, NEW.quorum_mode,
      NEW.quorum_threshold, NEW.approval_numerator, NEW.approval_denominator,
      NEW.approval_threshold, NEW.total_power, NEW.rule_version, NEW.fingerprint)
     IS DISTINCT FROM
     (OLD.title, OLD.description, OLD.description_html, OLD.type, OLD.metadata, OLD.voting_start,
      OLD.voting_end, OLD.published_at, OLD.opened_at, OLD.token_id, OLD.quorum_mode,
      OLD.quorum_threshold, OLD.approval_numerator, OLD.approval_denominator,
      OLD.approval_threshold, OLD.total_power, OLD.rule_version, OLD.fingerprint) THEN
    RAISE EXCEPTION 'text, window and rule are frozen once voting has opened'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_frozen';
  END IF;
  RETURN NEW;
END $$;

-- The rule of governance/outcome.py, once more and as a judge: "expired no_votes", "passed approved".
-- Products and sums of numeric are exact, so this is as whole as the integers there.
CREATE FUNCTION proposal_outcome(
  yes numeric, no numeric, abstain numeric,
  quorum_mode text, quorum numeric,
  approval_numerator bigint, approval_denominator bigint
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN yes + no + abstain = 0 THEN 'expired no_votes'
  WHEN yes + no + abstain < quorum THEN 'expired turnout'
  WHEN CASE quorum_mode WHEN 'for' THEN yes WHEN 'for_abstain' THEN yes + abstain
                        ELSE yes + no + abstain END < quorum THEN 'rejected support_quorum'
  WHEN yes = no THEN 'rejected tie'
  WHEN yes < no THEN 'rejected below_threshold'
  WHEN yes * approval_denominator < approval_numerator * (yes + no)
    THEN 'rejected below_threshold'
  ELSE 'passed approved'
END;

ALTER TABLE proposals ADD CONSTRAINT proposals_verdict_ck CHECK (
  status IN ('draft', 'active')
  OR outcome_reason IN ('cancelled', 'withdrawn', 'not_opened')
  OR (status || ' ' || outcome_reason = proposal_outcome(
        yes_power, no_power, abstain_power, quorum_mode, quorum_threshold,
        approval_numerator, approval_denominator)) IS TRUE);

-- The receipt of governance/canonical.py. None of its parts needs an escape in JSON.
CREATE FUNCTION vote_receipt(
  fingerprint text, voter uuid, choice text, power numeric, cast_at timestamptz, reason_sha256 text
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN left(encode(sha256(convert_to(
  format('["%s","%s","%s","%s","%s","%s"]', fingerprint, voter, choice, power,
    to_char(cast_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), reason_sha256),
  'UTF8')), 'hex'), 20);

-- A vote opens and ends by the clock, and its result is what the tables say at that moment.
CREATE FUNCTION proposals_turn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moment timestamptz;
  opens boolean := NEW.opened_at IS DISTINCT FROM OLD.opened_at;
  closes boolean := NEW.closed_at IS DISTINCT FROM OLD.closed_at;
  is_counted boolean := closes
    AND NEW.outcome_reason NOT IN ('cancelled', 'withdrawn', 'not_opened');
  counted record;
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'votes open and close under READ COMMITTED only'
      USING ERRCODE = 'feature_not_supported';
  END IF;
  IF NEW.opened_at IS NOT NULL THEN
    -- Alone: the services hold it already, before the row, as the order of locks wants it.
    PERFORM pg_advisory_xact_lock(proposal_lock_key(NEW.id));
  END IF;
  moment := clock_timestamp();

  IF NEW.source <> 'portal' THEN
    -- Decided elsewhere: opened, counted and closed in one step, as of a window that is over.
    IF (OLD.status = 'draft' AND is_counted AND NEW.opened_at = NEW.voting_start
        AND NEW.closed_at = NEW.voting_end AND NEW.voting_end <= moment) IS NOT TRUE THEN
      RAISE EXCEPTION 'what was decided elsewhere is written as of its window'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_imported';
    END IF;
  ELSE
    -- Not before this transaction, not after this moment: neither dated back nor ahead.
    IF opens AND (OLD.status = 'active' AND NEW.status = 'active'
        AND NEW.opened_at BETWEEN transaction_timestamp() AND moment
        AND NEW.opened_at >= NEW.voting_start AND moment < NEW.voting_end) IS NOT TRUE THEN
      RAISE EXCEPTION 'voting opens inside its window, by the clock'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_opening';
    END IF;
    IF closes AND (OLD.status = 'active'
        AND NEW.closed_at BETWEEN transaction_timestamp() AND moment) IS NOT TRUE THEN
      RAISE EXCEPTION 'a published proposal ends by the clock'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_closing';
    END IF;
  END IF;

  -- An importer may not know of all power, only of that which voted.
  IF opens AND (NEW.source = 'portal' OR NEW.total_power IS NOT NULL)
     AND NEW.total_power IS DISTINCT FROM
       (SELECT coalesce(sum(power), 0) FROM power_snapshots WHERE proposal_id = NEW.id) THEN
    RAISE EXCEPTION 'the total power is not the sum of what was counted'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_total_power';
  END IF;

  IF is_counted THEN
    SELECT count(*) AS total_votes,
           count(*) FILTER (WHERE vote_type = 'yes') AS yes_votes,
           count(*) FILTER (WHERE vote_type = 'no') AS no_votes,
           count(*) FILTER (WHERE vote_type = 'abstain') AS abstain_votes,
           coalesce(sum(voting_power) FILTER (WHERE vote_type = 'yes'), 0) AS yes_power,
           coalesce(sum(voting_power) FILTER (WHERE vote_type = 'no'), 0) AS no_power,
           coalesce(sum(voting_power) FILTER (WHERE vote_type = 'abstain'), 0) AS abstain_power,
           coalesce(string_agg(receipt, E'\n' ORDER BY receipt COLLATE "C"), '') AS receipts
      INTO counted
      FROM votes, vote_receipt(
        NEW.fingerprint, voter_id, vote_type, voting_power, cast_at, reason_sha256) AS receipt
      WHERE proposal_id = NEW.id;
    IF (NEW.total_votes, NEW.yes_votes, NEW.no_votes, NEW.abstain_votes,
        NEW.yes_power, NEW.no_power, NEW.abstain_power, NEW.votes_digest) IS DISTINCT FROM
       (counted.total_votes, counted.yes_votes, counted.no_votes, counted.abstain_votes,
        counted.yes_power, counted.no_power, counted.abstain_power,
        encode(sha256(convert_to(counted.receipts, 'UTF8')), 'hex')) THEN
      RAISE EXCEPTION 'the result is not what the votes say'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'proposals_counted';
    END IF;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER proposals_2_turn BEFORE UPDATE ON proposals
  FOR EACH ROW WHEN ((NEW.opened_at, NEW.closed_at) IS DISTINCT FROM (OLD.opened_at, OLD.closed_at))
  EXECUTE FUNCTION proposals_turn();

-- --- no table of the same name stands in the way ------------------------------------------------

-- Without a path of its own a guard reads the caller's: a temporary table "proposals" would be asked
-- whether voting is open.
DO $$
DECLARE
  guard text;
BEGIN
  FOREACH guard IN ARRAY ARRAY[
    'votes_guard', 'votes_tally', 'votes_tally_added', 'power_snapshots_guard', 'proposals_guard',
    'proposals_turn'
  ] LOOP
    EXECUTE format('ALTER FUNCTION %s() SET search_path = %I, pg_temp', guard, current_schema());
  END LOOP;
END $$;
