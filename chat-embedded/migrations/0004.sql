-- People: users, their logins, and who takes part in what.
ALTER TABLE applications ADD COLUMN last_user INTEGER NOT NULL DEFAULT 0;

-- The folded name is there while it is held, the token while the user is there.
CREATE TABLE users (
    application INTEGER NOT NULL REFERENCES applications (id),
    number INTEGER NOT NULL,
    username TEXT NOT NULL,
    folded TEXT,
    display_name TEXT,
    email TEXT,
    picture TEXT,
    password TEXT,
    token_hash BLOB,
    token BLOB,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    deleted_at INTEGER,
    -- Whether it is deleted, and chats that it was in do not know yet.
    leaving INTEGER NOT NULL DEFAULT 0,
    -- When it was last there, to a minute.
    seen_at INTEGER,
    PRIMARY KEY (application, number)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_folded ON users (application, folded) WHERE folded IS NOT NULL;
CREATE UNIQUE INDEX users_token ON users (token_hash) WHERE token_hash IS NOT NULL;
CREATE INDEX users_leaving ON users (application, number) WHERE leaving = 1;

CREATE TABLE sessions (
    token_hash BLOB NOT NULL PRIMARY KEY,
    id BLOB NOT NULL,
    application INTEGER NOT NULL,
    user INTEGER NOT NULL,
    device TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    FOREIGN KEY (application, user) REFERENCES users (application, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (application, user, created_at, id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- Whether the name must be the only one, and the name while it is held. The pair and the uuid are those of a direct chat; it holds
-- its pair until it is closed.
ALTER TABLE chats ADD COLUMN wants_unique INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN unique_name TEXT;
ALTER TABLE chats ADD COLUMN low INTEGER;
ALTER TABLE chats ADD COLUMN high INTEGER;
ALTER TABLE chats ADD COLUMN uuid BLOB;
ALTER TABLE chats ADD COLUMN members INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN owners INTEGER;
ALTER TABLE chats ADD COLUMN active_at INTEGER NOT NULL DEFAULT 0;
UPDATE chats SET active_at = last_at;
CREATE UNIQUE INDEX chats_name ON chats (application, unique_name) WHERE unique_name IS NOT NULL;
CREATE UNIQUE INDEX chats_pair ON chats (application, low, high) WHERE low IS NOT NULL AND closed_at IS NULL;
CREATE UNIQUE INDEX chats_uuid ON chats (uuid) WHERE uuid IS NOT NULL;

ALTER TABLE messages ADD COLUMN sender INTEGER;

-- Who takes part, who did, and who only posted. Gone: its user was deleted, and readers were told.
CREATE TABLE members (
    chat INTEGER NOT NULL REFERENCES chats (id),
    user INTEGER NOT NULL,
    application INTEGER NOT NULL,
    role TEXT NOT NULL,
    muted INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    left_at INTEGER,
    gone INTEGER NOT NULL,
    own_change INTEGER NOT NULL,
    mark_change INTEGER NOT NULL,
    change INTEGER NOT NULL AS (max(own_change, mark_change)),
    delivered INTEGER NOT NULL,
    read INTEGER NOT NULL,
    hidden INTEGER,
    PRIMARY KEY (chat, user),
    FOREIGN KEY (application, user) REFERENCES users (application, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_change ON members (chat, change);
CREATE UNIQUE INDEX members_user ON members (application, user, chat);
CREATE INDEX members_joined ON members (joined_at);

-- What a member has read above its mark.
CREATE TABLE mark_ranges (
    chat INTEGER NOT NULL,
    user INTEGER NOT NULL,
    low INTEGER NOT NULL,
    high INTEGER NOT NULL,
    PRIMARY KEY (chat, user, low),
    FOREIGN KEY (chat, user) REFERENCES members (chat, user)
) STRICT, WITHOUT ROWID;
