//! Store and Search of chat-core on SQLite files.
