-- Keys that users give out for their devices; of a deleted user none is left.
CREATE TABLE IF NOT EXISTS device_keys (
    application BIGINT NOT NULL,
    user_number BIGINT NOT NULL,
    device VARCHAR(64) NOT NULL,
    public_key TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (application, user_number, device)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
