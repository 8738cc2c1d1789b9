-- A transfer into this store that has not come to its end: from the store with this epoch, and how far.
CREATE TABLE IF NOT EXISTS transfer (
    id TINYINT NOT NULL PRIMARY KEY,
    source BIGINT NOT NULL,
    place VARCHAR(512) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
