-- What became of commands that came through the queue. Application 0 stands for none.
CREATE TABLE operations (
    id BLOB NOT NULL PRIMARY KEY,
    application INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_at ON operations (at);
