-- The rule of governance/outcome.py, once more and as a judge: "expired no_votes", "passed approved".
-- Products and sums of numeric are exact, so this is as whole as the integers there.
CREATE OR REPLACE FUNCTION proposal_outcome(
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
