//! Compression (RFC 4253 section 6.2).
