-- Text is compared byte by byte (utf8mb4_bin), and what must be the only one of its kind is kept as bytes: that collation takes
-- trailing spaces for nothing. Each statement can be run again: MySQL commits every change of a table by itself.

-- The root row.
CREATE TABLE IF NOT EXISTS meta (
    id TINYINT NOT NULL PRIMARY KEY,
    epoch BIGINT NOT NULL
) ENGINE = InnoDB;

-- A row that is written to see whether the server takes writes.
CREATE TABLE IF NOT EXISTS probe (
    id TINYINT NOT NULL PRIMARY KEY,
    probes BIGINT NOT NULL
) ENGINE = InnoDB;
INSERT IGNORE INTO probe (id, probes) VALUES (1, 0);

CREATE TABLE IF NOT EXISTS applications (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    public_id BINARY(16) NOT NULL,
    token_hash BINARY(32) NOT NULL,
    token VARBINARY(255) NOT NULL,
    name VARCHAR(255) NOT NULL,
    -- Whether the name must be the only one, and the name while it is held.
    wants_unique BOOLEAN NOT NULL,
    unique_name VARBINARY(1020),
    -- True for the default application, and nothing for all others.
    is_default BOOLEAN,
    last_chat BIGINT NOT NULL,
    live_chats BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    closed_at BIGINT,
    UNIQUE KEY applications_public_id (public_id),
    UNIQUE KEY applications_token_hash (token_hash),
    UNIQUE KEY applications_unique_name (unique_name),
    UNIQUE KEY applications_default (is_default),
    KEY applications_closed (closed_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS chats (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    application BIGINT NOT NULL,
    number BIGINT NOT NULL,
    kind VARCHAR(16) NOT NULL,
    name VARCHAR(255),
    last_number BIGINT NOT NULL,
    last_change BIGINT NOT NULL,
    own_change BIGINT NOT NULL,
    floor BIGINT NOT NULL,
    live BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    closed_at BIGINT,
    UNIQUE KEY chats_number (application, number),
    KEY chats_closed (closed_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- The rows of a chat lie together.
CREATE TABLE IF NOT EXISTS messages (
    chat BIGINT NOT NULL,
    number BIGINT NOT NULL,
    body MEDIUMTEXT NOT NULL,
    author_name VARCHAR(255),
    data TEXT,
    reply_to BIGINT,
    ext_id BIGINT,
    created_at BIGINT NOT NULL,
    edited_at BIGINT,
    deleted_at BIGINT,
    change_no BIGINT NOT NULL,
    PRIMARY KEY (chat, number)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Messages that were edited or deleted, each with its latest change.
CREATE TABLE IF NOT EXISTS touches (
    chat BIGINT NOT NULL,
    number BIGINT NOT NULL,
    change_no BIGINT NOT NULL,
    PRIMARY KEY (chat, number),
    KEY touches_change (chat, change_no)
) ENGINE = InnoDB;

-- Integer ids of the default application's messages.
CREATE TABLE IF NOT EXISTS message_ids (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    chat BIGINT NOT NULL,
    number BIGINT NOT NULL
) ENGINE = InnoDB;

-- Application 0 stands for none.
CREATE TABLE IF NOT EXISTS requests (
    application BIGINT NOT NULL,
    hash BINARY(32) NOT NULL,
    fingerprint BINARY(32) NOT NULL,
    done TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (application, hash),
    KEY requests_at (at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- What became of commands that came through the queue. Application 0 stands for none.
CREATE TABLE IF NOT EXISTS operations (
    id BINARY(16) NOT NULL PRIMARY KEY,
    application BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL,
    KEY operations_at (at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS imports (
    source BINARY(32) NOT NULL PRIMARY KEY,
    line BIGINT NOT NULL
) ENGINE = InnoDB;

-- The rows of a sink wait in the order of `place`. They may outlive their chat: the sink still has to let go of it.
CREATE TABLE IF NOT EXISTS dirty (
    sink VARBINARY(16) NOT NULL,
    chat BIGINT NOT NULL,
    application BIGINT NOT NULL,
    from_number BIGINT NOT NULL,
    from_change BIGINT NOT NULL,
    to_number BIGINT NOT NULL,
    to_change BIGINT NOT NULL,
    place BIGINT NOT NULL AUTO_INCREMENT,
    PRIMARY KEY (sink, chat),
    KEY dirty_place (place),
    KEY dirty_application (sink, application)
) ENGINE = InnoDB;

-- What each writer last tried to commit: whether it is in is whether its attempt is here.
CREATE TABLE IF NOT EXISTS commits (
    writer BINARY(16) NOT NULL PRIMARY KEY,
    attempt BINARY(16) NOT NULL,
    at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) ENGINE = InnoDB;
