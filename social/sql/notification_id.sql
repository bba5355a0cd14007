-- The id of what one member is told about one event: the event's time, then a hash of who is told
-- of what, with UUIDv7's version and variant bits. Telling twice hits the primary key.
CREATE OR REPLACE FUNCTION notification_id(event uuid, member uuid, channel text) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT encode(
    set_byte(
      set_byte(mixed, 6, (get_byte(mixed, 6) & 15) | 112),
      8, (get_byte(mixed, 8) & 63) | 128),
    'hex')::uuid
  FROM (
    SELECT substring(uuid_send(event) FOR 6)
      || substring(sha256(uuid_send(event) || uuid_send(member) || convert_to(channel, 'UTF8')) FOR 10)
      AS mixed
  ) AS bytes
$$;
