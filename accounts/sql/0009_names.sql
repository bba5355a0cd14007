-- Who is called like whom. accounts/skeletons.py says what a skeleton is and fills look_alikes;
-- this is the same rule where nobody gets past it.

CREATE TABLE look_alikes (
  letter text PRIMARY KEY,
  shape text NOT NULL
);
COMMENT ON TABLE look_alikes IS
  'What a letter looks like, where that is not itself: accounts/skeletons.py, shapes()';

CREATE FUNCTION skeleton(name text) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN CASE
  WHEN octet_length(name) = length(name) THEN
    replace(
      regexp_replace(translate(lower(name), '01i|', 'olll'), '[^a-z0-9]', '', 'g'), 'm', 'rn'
    )
  ELSE (
    -- one look at the index for each letter: a join would read the whole table for every name
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
  )
END;

-- Writes both skeletons of a member, whatever door the name came through, and refuses a name that
-- is somebody else's: two usernames that look alike by the unique key, and here
--   a display name like another member's username,
--   and any name like the display name of another moderator or administrator.
-- Two members may have the same display name otherwise: their usernames stand beside it. Whoever
-- is given a role later protects their name from then on; manage.py list_lookalikes says who has
-- it already. Each outcome of a race is that of one order or the other, so nothing is locked.
--
-- A row whose names do not change keeps its skeletons: members who were here before the rule stay.
-- Sequential scans are off because a plan made while the table was small is kept by a session that
-- then fills it with a million.
CREATE FUNCTION users_judge_names() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  is_new CONSTANT boolean := TG_OP = 'INSERT';
  shown CONSTANT text := trim(NEW.first_name || ' ' || NEW.last_name);
BEGIN
  IF is_new OR NEW.username <> OLD.username THEN
    NEW.username_skeleton := skeleton(NEW.username);
    IF NEW.username_skeleton = '' THEN
      RAISE check_violation USING
        MESSAGE = 'a username needs a letter or a digit',
        TABLE = 'users', CONSTRAINT = 'users_username_skeleton_ck';
    END IF;
    IF is_name_of_staff(NEW.id, NEW.username, NEW.username_skeleton) THEN
      RAISE unique_violation USING
        MESSAGE = 'the username looks like the name of a moderator or administrator',
        TABLE = 'users', CONSTRAINT = 'users_username_of_staff';
    END IF;
  ELSE
    NEW.username_skeleton := OLD.username_skeleton;
  END IF;

  IF is_new OR (NEW.first_name, NEW.last_name) <> (OLD.first_name, OLD.last_name) THEN
    NEW.name_skeleton := skeleton(shown);
    IF NEW.name_skeleton <> '' AND (
      EXISTS (
        SELECT FROM users
        WHERE username_skeleton = NEW.name_skeleton AND id <> NEW.id
      )
      OR is_name_of_staff(NEW.id, shown, NEW.name_skeleton)
    ) THEN
      RAISE unique_violation USING
        MESSAGE = 'the name looks like that of another member',
        TABLE = 'users', CONSTRAINT = 'users_name_of_another';
    END IF;
  ELSE
    NEW.name_skeleton := OLD.name_skeleton;
  END IF;
  RETURN NEW;
END $$;

-- In capitals too: some letters of other alphabets look like one letter when they are small, and
-- like another when they are not.
CREATE FUNCTION is_name_of_staff(member uuid, name text, looks text) RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (
  SELECT FROM users
  WHERE role IN ('moderator', 'admin') AND id <> member AND name_skeleton <> ''
    AND (
      name_skeleton = looks
      OR lower(trim(first_name || ' ' || last_name)) = lower(name)
    )
);
