CREATE TRIGGER users_names_on_insert
BEFORE INSERT ON users
FOR EACH ROW EXECUTE FUNCTION users_judge_names();

CREATE TRIGGER users_names_on_update
BEFORE UPDATE OF username, first_name, last_name, username_skeleton, name_skeleton ON users
FOR EACH ROW EXECUTE FUNCTION users_judge_names();
