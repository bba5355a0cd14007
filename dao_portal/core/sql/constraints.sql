-- What only says how often and what a member sent goes with the member, by the database's own hand.
ALTER TABLE brakes
  DROP CONSTRAINT brakes_user_id_b11a6053_fk_users_id,
  ADD CONSTRAINT brakes_user_id_b11a6053_fk_users_id
    FOREIGN KEY (user_id) REFERENCES users (id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE form_keys
  DROP CONSTRAINT form_keys_user_id_a0ed5665_fk_users_id,
  ADD CONSTRAINT form_keys_user_id_a0ed5665_fk_users_id
    FOREIGN KEY (user_id) REFERENCES users (id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
