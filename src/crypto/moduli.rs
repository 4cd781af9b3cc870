//! The moduli file of group exchange (RFC 4419).
