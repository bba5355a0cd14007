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

-- Django cascades in Python. A row that has no meaning alone goes by the database's own hand too,
-- whatever door its owner is deleted through.
ALTER TABLE notifications
  DROP CONSTRAINT notifications_user_id_468e288d_fk_users_id,
  ADD CONSTRAINT notifications_user_id_468e288d_fk_users_id
    FOREIGN KEY (user_id) REFERENCES users (id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE comment_reactions
  DROP CONSTRAINT comment_reactions_user_id_de8dbdab_fk_users_id,
  ADD CONSTRAINT comment_reactions_user_id_de8dbdab_fk_users_id
    FOREIGN KEY (user_id) REFERENCES users (id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
