-- What is unread above a member's own last message is counted without looking at each. Until it posts again, that may be any message.
ALTER TABLE members ADD COLUMN posted BIGINT NOT NULL DEFAULT 0;
UPDATE members p JOIN chats c ON c.id = p.chat SET p.posted = c.last_number;
