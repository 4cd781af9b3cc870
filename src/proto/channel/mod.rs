//! Channels (RFC 4254).
