-- A transfer into this store that has not come to its end: from the store with this epoch, and how far.
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    source INTEGER NOT NULL,
    place TEXT NOT NULL
) STRICT;
