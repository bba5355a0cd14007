-- The numbers that people say to each other: #42.
CREATE SEQUENCE proposals_number_seq;
