-- What holds a discussion together, whatever door a comment comes through.

-- An answer stays in the discussion of what it answers; so does a reaction.
ALTER TABLE comments ADD CONSTRAINT comments_parent_fk
  FOREIGN KEY (proposal_id, parent_id) REFERENCES comments (proposal_id, id)
  DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE comments ADD CONSTRAINT comments_root_fk
  FOREIGN KEY (proposal_id, root_id) REFERENCES comments (proposal_id, id)
  DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE comment_reactions ADD CONSTRAINT comment_reactions_comment_fk
  FOREIGN KEY (proposal_id, comment_id) REFERENCES comments (proposal_id, id)
  ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- Counters follow the reactions in the same statement: two members at once are both counted, and
-- one member twice is counted once, because the second row is refused.
CREATE FUNCTION comment_reactions_count() RETURNS trigger LANGUAGE plpgsql AS $$
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

CREATE TRIGGER comment_reactions_1_count AFTER INSERT OR DELETE OR UPDATE OF kind ON comment_reactions
  FOR EACH ROW EXECUTE FUNCTION comment_reactions_count();
