-- Django cascades in Python. A row that has no meaning alone goes by the database's own hand too,
-- whatever door its owner is deleted through.
ALTER TABLE profiles
  DROP CONSTRAINT profiles_user_id_36580373_fk_users_id,
  ADD CONSTRAINT profiles_user_id_36580373_fk_users_id
    FOREIGN KEY (user_id) REFERENCES users (id)
    ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
