//! The macro behind every message struct: one field list yields the struct, its parser and its encoder, so the
//! three cannot drift apart. Parsing leaves no byte over.

/// Declares message structs. Field kinds: `u8`, `bool`, `u32`, `u64`, `bytes` (string), `utf8` (string that must be
/// UTF-8), `name` (printable US-ASCII string), `mpint` (non-negative; its magnitude), `names` (name-list),
/// `cookie` (16 bytes), `rest` (everything that follows; must be last).
macro_rules! messages {
    ($( $(#[$doc:meta])+ $name:ident = $number:expr, { $( $(#[$fdoc:meta])* $field:ident : $kind:ident ),* $(,)? } )+) => { $(
        $(#[$doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $name<'a> {
            $( $(#[$fdoc])* #[allow(missing_docs, reason = "field names are the RFC's")] pub $field: $crate::wire::message::field_type!('a $kind), )*
            #[doc(hidden)]
            pub marker: std::marker::PhantomData<&'a ()>,
        }

        impl<'a> $name<'a> {
            /// The message number.
            pub const NUMBER: u8 = $number;

            /// A message from its fields.
            #[allow(clippy::too_many_arguments, clippy::new_without_default, reason = "one argument a field")]
            #[must_use]
            pub const fn new($( $field: $crate::wire::message::field_type!('a $kind) ),*) -> Self {
                Self { $($field,)* marker: std::marker::PhantomData }
            }

            /// Parses the payload after the message number; bytes left over are an error.
            pub fn parse(payload: &'a [u8]) -> $crate::error::Result<Self> {
                #[allow(unused_mut, reason = "messages without fields read nothing")]
                let mut r = $crate::wire::Reader::new(payload);
                $( let $field = $crate::wire::message::field_read!(r $kind); )*
                r.end()?;
                Ok(Self::new($($field),*))
            }

            /// Appends the message, number first.
            pub fn encode(&self, out: &mut Vec<u8>) {
                let mut w = $crate::wire::Writer::new(out);
                w.u8(Self::NUMBER);
                $( $crate::wire::message::field_write!(w $kind self.$field); )*
            }

            /// The message as bytes, number first.
            #[must_use]
            pub fn to_vec(&self) -> Vec<u8> {
                let mut out = Vec::new();
                self.encode(&mut out);
                out
            }
        }
    )+ };
}

macro_rules! field_type {
    ($lt:lifetime u8) => { u8 };
    ($lt:lifetime bool) => { bool };
    ($lt:lifetime u32) => { u32 };
    ($lt:lifetime u64) => { u64 };
    ($lt:lifetime bytes) => { &$lt [u8] };
    ($lt:lifetime utf8) => { &$lt str };
    ($lt:lifetime name) => { &$lt str };
    ($lt:lifetime mpint) => { &$lt [u8] };
    ($lt:lifetime names) => { $crate::wire::NameList<$lt> };
    ($lt:lifetime cookie) => { [u8; 16] };
    ($lt:lifetime rest) => { &$lt [u8] };
}

macro_rules! field_read {
    ($r:ident u8) => {
        $r.u8()?
    };
    ($r:ident bool) => {
        $r.bool()?
    };
    ($r:ident u32) => {
        $r.u32()?
    };
    ($r:ident u64) => {
        $r.u64()?
    };
    ($r:ident bytes) => {
        $r.string()?
    };
    ($r:ident utf8) => {
        $r.utf8()?
    };
    ($r:ident name) => {
        $r.name()?
    };
    ($r:ident mpint) => {
        $crate::wire::mpint::non_negative($r.mpint()?)?
    };
    ($r:ident names) => {
        $crate::wire::NameList::parse($r.string()?)?
    };
    ($r:ident cookie) => {
        $r.array::<16>()?
    };
    ($r:ident rest) => {{
        let n = $r.rest().len();
        $r.take(n)?
    }};
}

macro_rules! field_write {
    ($w:ident u8 $v:expr) => {
        $w.u8($v)
    };
    ($w:ident bool $v:expr) => {
        $w.bool($v)
    };
    ($w:ident u32 $v:expr) => {
        $w.u32($v)
    };
    ($w:ident u64 $v:expr) => {
        $w.u64($v)
    };
    ($w:ident bytes $v:expr) => {
        $w.string($v)
    };
    ($w:ident utf8 $v:expr) => {
        $w.string($v)
    };
    ($w:ident name $v:expr) => {
        $w.string($v)
    };
    ($w:ident mpint $v:expr) => {
        $w.mpint($v)
    };
    ($w:ident names $v:expr) => {
        $w.name_list($v.iter())
    };
    ($w:ident cookie $v:expr) => {
        $w.raw(&$v)
    };
    ($w:ident rest $v:expr) => {
        $w.raw($v)
    };
}

pub(crate) use {field_read, field_type, field_write, messages};
