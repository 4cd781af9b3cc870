//! Global requests (RFC 4254 section 4).
