-- Who is called like whom. accounts/skeletons.py says what a skeleton is and fills look_alikes;
-- this is the same rule where nobody gets past it.

-- Of a name in ASCII.
CREATE OR REPLACE FUNCTION plain_skeleton(name text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN replace(
  regexp_replace(translate(lower(name), '01i|', 'olll'), '[^a-z0-9]', '', 'g'), 'm', 'rn'
);

-- Of any name. Each letter looks into the index: a join would read all of the table for every name.
CREATE OR REPLACE FUNCTION skeleton(name text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN CASE WHEN octet_length(name) = length(name) THEN plain_skeleton(name) ELSE (
  SELECT normalize(
    coalesce(
      string_agg(
        coalesce((SELECT shape FROM look_alikes WHERE letter = each.part), each.part),
        '' ORDER BY each.place
      ),
      ''
    ),
    NFD
  )
  FROM string_to_table(normalize(name, NFD), NULL) WITH ORDINALITY AS each (part, place)
) END;
