-- Nothing that happens to a balance later changes the power that was counted.
--
-- Whoever adds power holds the proposal shared until the COMMIT, as voters do, and an opening
-- takes it alone: it counts what was added before, and what comes after is refused.
CREATE OR REPLACE FUNCTION power_snapshots_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
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

CREATE OR REPLACE TRIGGER power_snapshots_1_guard BEFORE INSERT OR UPDATE OR DELETE ON power_snapshots
  FOR EACH ROW EXECUTE FUNCTION power_snapshots_guard();
