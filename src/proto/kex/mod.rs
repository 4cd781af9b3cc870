//! Key exchange.

/// Key exchange arithmetic to be done outside of the connection.
#[derive(Debug)]
pub struct KexJob {}
