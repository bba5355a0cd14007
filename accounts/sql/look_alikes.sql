CREATE TABLE look_alikes (
  letter text PRIMARY KEY,
  shape text NOT NULL
);
COMMENT ON TABLE look_alikes IS
  'What a letter looks like, where that is not itself: accounts/skeletons.py, shapes()';
