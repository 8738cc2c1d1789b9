-- The root row.
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch INTEGER NOT NULL,
    -- A copy that was not opened for writing yet: it gets an epoch of its own then.
    fresh_copy INTEGER NOT NULL DEFAULT 0,
    probes INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Row ids are never used twice: what is derived from a row may outlive it for a while.
CREATE TABLE applications (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    public_id BLOB NOT NULL UNIQUE,
    token_hash BLOB NOT NULL UNIQUE,
    token BLOB NOT NULL,
    name TEXT NOT NULL,
    -- Whether the name must be the only one, and the name while it is held.
    wants_unique INTEGER NOT NULL,
    unique_name TEXT UNIQUE,
    is_default INTEGER NOT NULL,
    last_chat INTEGER NOT NULL,
    live_chats INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    closed_at INTEGER
) STRICT;
CREATE UNIQUE INDEX applications_default ON applications (is_default) WHERE is_default = 1;
CREATE INDEX applications_closed ON applications (id) WHERE closed_at IS NOT NULL;

CREATE TABLE chats (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    application INTEGER NOT NULL REFERENCES applications (id),
    number INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    last_number INTEGER NOT NULL,
    last_change INTEGER NOT NULL,
    own_change INTEGER NOT NULL,
    floor INTEGER NOT NULL,
    live INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    last_at INTEGER NOT NULL,
    closed_at INTEGER,
    UNIQUE (application, number)
) STRICT;
CREATE INDEX chats_closed ON chats (id) WHERE closed_at IS NOT NULL;

-- One index beside the rows: a second one halves the rate of inserts.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY,
    chat INTEGER NOT NULL REFERENCES chats (id),
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    author_name TEXT,
    data TEXT,
    reply_to INTEGER,
    ext_id INTEGER,
    created_at INTEGER NOT NULL,
    edited_at INTEGER,
    deleted_at INTEGER,
    change INTEGER NOT NULL,
    UNIQUE (chat, number)
) STRICT;

-- Messages that were edited or deleted, each with its latest change.
CREATE TABLE touches (
    chat INTEGER NOT NULL REFERENCES chats (id),
    number INTEGER NOT NULL,
    change INTEGER NOT NULL,
    PRIMARY KEY (chat, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX touches_change ON touches (chat, change);

-- Integer ids of the default application's messages.
CREATE TABLE message_ids (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    chat INTEGER NOT NULL REFERENCES chats (id),
    number INTEGER NOT NULL
) STRICT;

-- Application 0 stands for none.
CREATE TABLE requests (
    application INTEGER NOT NULL,
    key BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    done TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (application, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_at ON requests (at);

CREATE TABLE imports (
    source BLOB NOT NULL PRIMARY KEY,
    line INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The rows of a sink wait in the order of `place`. They may outlive their chat: the sink still has
-- to let go of it.
CREATE TABLE dirty (
    place INTEGER PRIMARY KEY,
    sink TEXT NOT NULL,
    application INTEGER NOT NULL,
    chat INTEGER NOT NULL,
    from_number INTEGER NOT NULL,
    from_change INTEGER NOT NULL,
    to_number INTEGER NOT NULL,
    to_change INTEGER NOT NULL,
    UNIQUE (sink, chat)
) STRICT;
