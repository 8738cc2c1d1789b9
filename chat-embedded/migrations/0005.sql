-- Keys that users give out for their devices; of a deleted user none is left.
CREATE TABLE device_keys (
    application INTEGER NOT NULL,
    user INTEGER NOT NULL,
    device TEXT NOT NULL,
    key TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (application, user, device),
    FOREIGN KEY (application, user) REFERENCES users (application, number)
) STRICT;
