//! Identification exchange (RFC 4253 section 4.2).
