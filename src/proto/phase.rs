//! Who may send which message when: one table, so that a review reads rows instead of a dispatcher.

/// Which end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The one that connected.
    Client,
    /// The one that was connected to.
    Server,
}
