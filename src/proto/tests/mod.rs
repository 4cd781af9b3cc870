//! Two cores in memory.
