-- What is unread above a member's own last message is counted without looking at each. Until it posts again, that may be any message.
ALTER TABLE members ADD COLUMN posted INTEGER NOT NULL DEFAULT 0;
UPDATE members SET posted = (SELECT c.last_number FROM chats c WHERE c.id = members.chat);
