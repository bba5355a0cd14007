CREATE TRIGGER users_names_on_insert
BEFORE INSERT ON users
FOR EACH ROW EXECUTE FUNCTION users_judge_names();

CREATE TRIGGER users_names_on_update
BEFORE UPDATE ON users
FOR EACH ROW
WHEN (
  (NEW.username, NEW.first_name, NEW.last_name, NEW.username_skeleton, NEW.name_skeleton)
    IS DISTINCT FROM
  (OLD.username, OLD.first_name, OLD.last_name, OLD.username_skeleton, OLD.name_skeleton)
)
EXECUTE FUNCTION users_judge_names();
