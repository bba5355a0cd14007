-- Writes both skeletons of a member, whatever door the name came through, and refuses a name that
-- is somebody else's: two usernames that look alike by the unique key, and here
--   a display name like another member's username,
--   and any name like the display name of another moderator or administrator.
-- Two members may have the same display name otherwise: their usernames stand beside it. Whoever
-- is given a role later protects their name from then on; manage.py list_lookalikes says who has
-- it already. Each outcome of a race is that of one order or the other, so nothing is locked.
--
-- Names that do not change keep their skeletons: members who were here before the rule stay.
-- Sequential scans are off because a plan made while the table was small is kept by a session that
-- then fills it with a million. A million are also why this has few statements, and why a name in
-- ASCII is not asked of skeleton(): a function that may look into a table is never inlined.
CREATE OR REPLACE FUNCTION users_judge_names() RETURNS trigger
LANGUAGE plpgsql SET enable_seqscan = off
AS $$
DECLARE
  is_new CONSTANT boolean := TG_OP = 'INSERT';
  shown CONSTANT text := trim(NEW.first_name || ' ' || NEW.last_name);
  username_changes CONSTANT boolean := is_new OR NEW.username <> OLD.username;
  name_changes boolean := is_new
    OR (NEW.first_name, NEW.last_name) <> (OLD.first_name, OLD.last_name);
BEGIN
  IF username_changes THEN
    NEW.username_skeleton := CASE WHEN octet_length(NEW.username) = length(NEW.username)
      THEN plain_skeleton(NEW.username) ELSE skeleton(NEW.username) END;
    IF NEW.username_skeleton = '' THEN
      RAISE check_violation USING
        MESSAGE = 'a username needs a letter or a digit',
        TABLE = 'users', CONSTRAINT = 'users_username_skeleton_ck';
    END IF;
  ELSE
    NEW.username_skeleton := OLD.username_skeleton;
  END IF;
  IF name_changes THEN
    NEW.name_skeleton := CASE WHEN octet_length(shown) = length(shown)
      THEN plain_skeleton(shown) ELSE skeleton(shown) END;
    name_changes := NEW.name_skeleton <> '';  -- no name is like no other
  ELSE
    NEW.name_skeleton := OLD.name_skeleton;
  END IF;

  IF name_changes AND EXISTS (
    SELECT FROM users WHERE username_skeleton = NEW.name_skeleton AND id <> NEW.id
  ) THEN
    RAISE unique_violation USING
      MESSAGE = 'the name looks like the username of another member',
      TABLE = 'users', CONSTRAINT = 'users_name_of_another';
  END IF;

  -- In capitals too: some letters of other alphabets look like one letter when they are small, and
  -- like another when they are not.
  IF (username_changes OR name_changes) AND EXISTS (
    SELECT FROM users
    WHERE role IN ('moderator', 'admin') AND id <> NEW.id AND name_skeleton <> '' AND (
      username_changes AND name_skeleton = NEW.username_skeleton
      OR name_changes AND name_skeleton = NEW.name_skeleton
      OR name_changes AND lower(trim(first_name || ' ' || last_name)) = lower(shown)
    )
  ) THEN
    RAISE unique_violation USING
      MESSAGE = 'the name looks like that of a moderator or administrator',
      TABLE = 'users', CONSTRAINT = CASE WHEN name_changes
        THEN 'users_name_of_another' ELSE 'users_username_of_staff' END;
  END IF;
  RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER users_names_on_insert
BEFORE INSERT ON users
FOR EACH ROW EXECUTE FUNCTION users_judge_names();

CREATE OR REPLACE TRIGGER users_names_on_update
BEFORE UPDATE OF username, first_name, last_name, username_skeleton, name_skeleton ON users
FOR EACH ROW EXECUTE FUNCTION users_judge_names();
