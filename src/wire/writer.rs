//! Writing RFC 4251 section 5 data types.

/// Appends fields to a byte vector it borrows, so that a message can be written in place.
#[derive(Debug)]
pub struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    /// Appends to `out`.
    pub fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    /// Raw bytes, no length.
    pub fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.out.extend_from_slice(bytes);
        self
    }

    /// A `byte`.
    pub fn u8(&mut self, v: u8) -> &mut Self {
        self.raw(&[v])
    }

    /// A `boolean`.
    pub fn bool(&mut self, v: bool) -> &mut Self {
        self.u8(u8::from(v))
    }

    /// A `uint32`.
    pub fn u32(&mut self, v: u32) -> &mut Self {
        self.raw(&v.to_be_bytes())
    }

    /// A `uint64`.
    pub fn u64(&mut self, v: u64) -> &mut Self {
        self.raw(&v.to_be_bytes())
    }

    /// A `string`. What is written never nears 4 GiB: packets are bounded far below.
    pub fn string(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        self.u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX)).raw(bytes)
    }

    /// A non-negative `mpint` from big-endian magnitude bytes; leading zeros are dropped, a zero byte is put in
    /// front of a set top bit (RFC 4251 section 5).
    pub fn mpint(&mut self, magnitude: &[u8]) -> &mut Self {
        let skip = magnitude.iter().take_while(|&&b| b == 0).count();
        let digits = magnitude.get(skip..).unwrap_or_default();
        let sign_byte = digits.first().is_some_and(|b| b & 0x80 != 0);
        let len = digits.len() + usize::from(sign_byte);
        self.u32(u32::try_from(len).unwrap_or(u32::MAX));
        if sign_byte {
            self.u8(0);
        }
        self.raw(digits)
    }

    /// A `name-list` from names.
    pub fn name_list<S: AsRef<str>>(&mut self, names: impl IntoIterator<Item = S>) -> &mut Self {
        let mut joined = String::new();
        for name in names {
            if !joined.is_empty() {
                joined.push(',');
            }
            joined.push_str(name.as_ref());
        }
        self.string(joined)
    }
}
