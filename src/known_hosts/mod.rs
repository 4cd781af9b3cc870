//! known_hosts.
