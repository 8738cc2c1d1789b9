-- People. What a user or a chat must be the only one to have stands as bytes in a column of its own, which is empty once it is given
-- up. A column that is there already was added before a crash: MySQL knows no IF NOT EXISTS for columns, and does one ALTER whole or
-- not at all.

CREATE TABLE IF NOT EXISTS users (
    application BIGINT NOT NULL,
    number BIGINT NOT NULL,
    username VARCHAR(255) NOT NULL,
    -- The name without regard to case, while the user exists.
    folded VARBINARY(1020),
    display_name VARCHAR(255),
    email VARCHAR(255),
    picture VARCHAR(2048),
    password TEXT,
    lasting_hash BINARY(32),
    lasting_token VARBINARY(255),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT,
    -- True where it is deleted and chats that it was in do not know yet, and nothing for all others.
    leaving BOOLEAN,
    -- When it was last there, to a minute.
    seen_at BIGINT,
    PRIMARY KEY (application, number),
    UNIQUE KEY users_folded (application, folded),
    UNIQUE KEY users_lasting_hash (lasting_hash),
    KEY users_leaving (leaving)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS sessions (
    token BINARY(32) NOT NULL PRIMARY KEY,
    id BINARY(16) NOT NULL,
    application BIGINT NOT NULL,
    user_number BIGINT NOT NULL,
    device TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    KEY sessions_user (application, user_number, created_at, id),
    KEY sessions_expire (expires_at)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Who takes part in a chat, or did. `change_no` is the later one of the two changes.
CREATE TABLE IF NOT EXISTS members (
    chat BIGINT NOT NULL,
    user_number BIGINT NOT NULL,
    application BIGINT NOT NULL,
    role VARCHAR(16) NOT NULL,
    muted BOOLEAN NOT NULL,
    joined_at BIGINT NOT NULL,
    left_at BIGINT,
    gone BOOLEAN NOT NULL,
    own_change BIGINT NOT NULL,
    mark_change BIGINT NOT NULL,
    change_no BIGINT NOT NULL,
    delivered BIGINT NOT NULL,
    read_up_to BIGINT NOT NULL,
    hidden BIGINT,
    PRIMARY KEY (chat, user_number),
    KEY members_user (application, user_number, gone, left_at, hidden),
    KEY members_joined (joined_at),
    KEY members_change (chat, change_no)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;

-- Messages that a member has read above its mark.
CREATE TABLE IF NOT EXISTS mark_ranges (
    chat BIGINT NOT NULL,
    user_number BIGINT NOT NULL,
    low BIGINT NOT NULL,
    high BIGINT NOT NULL,
    PRIMARY KEY (chat, user_number, low)
) ENGINE = InnoDB;

SET @step = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'applications' AND column_name = 'last_user') > 0,
    'DO 0',
    'ALTER TABLE applications ADD COLUMN last_user BIGINT NOT NULL DEFAULT 0'
);
PREPARE step FROM @step;
EXECUTE step;

-- `holds_pair` is true for the one chat that a pair has, and nothing for all others.
SET @step = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'chats' AND column_name = 'active_at') > 0,
    'DO 0',
    'ALTER TABLE chats
        ADD COLUMN wants_unique BOOLEAN NOT NULL DEFAULT 0,
        ADD COLUMN unique_name VARBINARY(1020),
        ADD COLUMN low_user BIGINT,
        ADD COLUMN high_user BIGINT,
        ADD COLUMN uuid BINARY(16),
        ADD COLUMN holds_pair BOOLEAN,
        ADD COLUMN members BIGINT NOT NULL DEFAULT 0,
        ADD COLUMN owners BIGINT,
        ADD COLUMN active_at BIGINT NOT NULL DEFAULT 0,
        ADD UNIQUE KEY chats_unique_name (application, unique_name),
        ADD UNIQUE KEY chats_pair (application, low_user, high_user, holds_pair),
        ADD UNIQUE KEY chats_uuid (uuid)'
);
PREPARE step FROM @step;
EXECUTE step;
UPDATE chats SET active_at = last_at WHERE active_at = 0;

SET @step = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'messages' AND column_name = 'sender') > 0,
    'DO 0',
    'ALTER TABLE messages ADD COLUMN sender BIGINT'
);
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;
