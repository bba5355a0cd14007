-- A vote opens and ends by the clock, and its result is what the tables say at that moment.
CREATE OR REPLACE FUNCTION proposals_turn() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
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

CREATE OR REPLACE TRIGGER proposals_2_turn BEFORE UPDATE ON proposals
  FOR EACH ROW WHEN ((NEW.opened_at, NEW.closed_at) IS DISTINCT FROM (OLD.opened_at, OLD.closed_at))
  EXECUTE FUNCTION proposals_turn();
