-- For triggers: refuses whatever it holds. The constraint's name, then the words.
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING
    MESSAGE = TG_ARGV[1], ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[0];
END $$;
