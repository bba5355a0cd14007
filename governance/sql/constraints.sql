-- Being in the snapshot is being eligible.
ALTER TABLE votes ADD CONSTRAINT votes_eligible_fk
  FOREIGN KEY (proposal_id, voter_id) REFERENCES power_snapshots (proposal_id, user_id)
  DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE votes ADD CONSTRAINT votes_reason_ck
  CHECK (reason = '' OR reason_sha256 = encode(sha256(convert_to(reason, 'UTF8')), 'hex'));

-- Receipts are made of it, also where there is no reason. Not "{64}": that costs a vote 5 µs.
ALTER TABLE votes ADD CONSTRAINT votes_reason_sha256_ck
  CHECK (length(reason_sha256) = 64 AND reason_sha256 ~ '^[0-9a-f]*$');

ALTER TABLE proposals ADD CONSTRAINT proposals_verdict_ck CHECK (
  status IN ('draft', 'active')
  OR outcome_reason IN ('cancelled', 'withdrawn', 'not_opened')
  OR (status || ' ' || outcome_reason = proposal_outcome(
        yes_power, no_power, abstain_power, quorum_mode, quorum_threshold,
        approval_numerator, approval_denominator)) IS TRUE);

-- The slots are written again with every vote: leave room on the page, and no index is touched.
ALTER TABLE tally_slots SET (fillfactor = 50);
