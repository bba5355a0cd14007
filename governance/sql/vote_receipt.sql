-- The receipt of governance/canonical.py. None of its parts needs an escape in JSON.
CREATE OR REPLACE FUNCTION vote_receipt(
  fingerprint text, voter uuid, choice text, power numeric, cast_at timestamptz, reason_sha256 text
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN left(encode(sha256(convert_to(
  format('["%s","%s","%s","%s","%s","%s"]', fingerprint, voter, choice, power,
    to_char(cast_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), reason_sha256),
  'UTF8')), 'hex'), 20);
