//! Two cores in memory, one scenario a file.

mod pair;

mod auth;
mod certificates;
mod channels;
mod close;
mod hostile;
mod kex;
mod log;
mod phases;
mod raw;
mod schedules;
mod sessions;
mod window;
