-- Composed spelling, which looks the same and is found the same.
UPDATE users SET first_name = normalize(first_name, NFC), last_name = normalize(last_name, NFC)
WHERE first_name IS NOT NFC NORMALIZED OR last_name IS NOT NFC NORMALIZED;

-- Of members who look alike already, one has the skeleton: a moderator or administrator before
-- others, then whoever has been here longest. The others' ends in # and their key, which no
-- skeleton of a name ever does: they stay, and manage.py list_lookalikes lists them.
UPDATE users SET
  username_skeleton = CASE
    WHEN place = 1 AND looks <> '' THEN looks ELSE looks || '#' || users.id
  END,
  name_skeleton = skeleton(trim(first_name || ' ' || last_name))
FROM (
  SELECT id, looks, row_number() OVER (
    PARTITION BY looks ORDER BY role = 'user', created_at, id
  ) AS place
  FROM (SELECT id, role, created_at, skeleton(username) AS looks FROM users) AS seen
) AS named
WHERE named.id = users.id;
