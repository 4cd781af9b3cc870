//! Bytes to message structs and back (RFC 4251 section 5). No state, no cryptography.

mod message;
pub mod mpint;
pub mod msg_auth;
pub mod msg_channel;
pub mod msg_global;
pub mod msg_kex;
pub mod msg_transport;
pub mod name_list;
pub mod numbers;
pub mod reader;
pub mod writer;
pub mod x11;

pub use name_list::NameList;
pub use reader::Reader;
pub use writer::Writer;
