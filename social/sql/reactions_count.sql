-- Counters follow the reactions in the same statement: two members at once are both counted, and
-- one member twice is counted once, because the second row is refused.
CREATE OR REPLACE FUNCTION comment_reactions_count() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    UPDATE comments SET
        likes = likes - (OLD.kind = 1)::int,
        dislikes = dislikes - (OLD.kind = -1)::int
      WHERE proposal_id = OLD.proposal_id AND id = OLD.comment_id;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    UPDATE comments SET
        likes = likes + (NEW.kind = 1)::int,
        dislikes = dislikes + (NEW.kind = -1)::int
      WHERE proposal_id = NEW.proposal_id AND id = NEW.comment_id;
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER comment_reactions_1_count AFTER INSERT OR DELETE OR UPDATE OF kind ON comment_reactions
  FOR EACH ROW EXECUTE FUNCTION comment_reactions_count();
