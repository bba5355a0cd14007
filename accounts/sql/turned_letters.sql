-- look_alikes has changed, so some members look otherwise than their row says. The trigger keeps the
-- skeletons of names that do not change, and rests meanwhile.
ALTER TABLE users DISABLE TRIGGER users_names_on_update;

-- Whoever has a skeleton already keeps it. Of others who look alike now one gets it, a moderator or
-- administrator before others, then whoever has been here longest; the rest stay as they were.
UPDATE users SET
  username_skeleton = CASE
    WHEN place = 1 AND NOT EXISTS (SELECT FROM users AS other WHERE other.username_skeleton = looks)
    THEN looks ELSE looks || '#' || users.id
  END
FROM (
  SELECT id, looks, row_number() OVER (
    PARTITION BY looks ORDER BY role = 'user', created_at, id
  ) AS place
  FROM (
    SELECT id, role, created_at, username_skeleton, skeleton(username) AS looks FROM users
    WHERE octet_length(username) <> length(username)
  ) AS seen
  WHERE looks <> split_part(username_skeleton, '#', 1)
) AS named
WHERE named.id = users.id;

UPDATE users SET name_skeleton = skeleton(trim(first_name || ' ' || last_name))
WHERE octet_length(first_name || last_name) <> length(first_name || last_name)
  AND name_skeleton <> skeleton(trim(first_name || ' ' || last_name));

ALTER TABLE users ENABLE TRIGGER users_names_on_update;
