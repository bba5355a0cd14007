-- What was frozen at opening stays frozen, and a result is written once.
CREATE OR REPLACE FUNCTION proposals_guard() RETURNS trigger LANGUAGE plpgsql
SET search_path FROM CURRENT AS $$
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

CREATE OR REPLACE TRIGGER proposals_1_guard BEFORE UPDATE ON proposals
  FOR EACH ROW EXECUTE FUNCTION proposals_guard();

CREATE OR REPLACE TRIGGER proposals_0_birth BEFORE INSERT ON proposals
  FOR EACH ROW WHEN (NEW.opened_at IS NOT NULL OR NEW.closed_at IS NOT NULL)
  EXECUTE FUNCTION refuse('proposals_birth', 'a proposal enters before its vote, never after it');

CREATE OR REPLACE TRIGGER proposals_0_death BEFORE DELETE ON proposals
  FOR EACH ROW WHEN (OLD.status <> 'draft')
  EXECUTE FUNCTION refuse('proposals_published', 'what was published is never deleted');
