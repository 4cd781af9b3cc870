//! Negotiation (RFC 4253 section 7.1).
