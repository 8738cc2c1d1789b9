-- What is unread above a member's own last message is counted without looking at each. Until it posts again, that may be any message.
SET @step = IF(
    (SELECT COUNT(*) FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = 'members' AND column_name = 'posted') > 0,
    'DO 0',
    'ALTER TABLE members ADD COLUMN posted BIGINT NOT NULL DEFAULT 0'
);
PREPARE step FROM @step;
EXECUTE step;

UPDATE members p JOIN chats c ON c.id = p.chat SET p.posted = c.last_number WHERE p.posted = 0;
