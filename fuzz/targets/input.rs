//! Reading decisions from a fuzzer's bytes. Past the end everything is zero and empty, so that every input is valid.

/// What is left of an input.
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.rest)
    }

    pub(super) fn take(&mut self, n: usize) -> &'a [u8] {
        let (head, tail) = self.rest.split_at(n.min(self.rest.len()));
        self.rest = tail;
        head
    }

    pub(super) fn u8(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    pub(super) fn bool(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    pub(super) fn u16(&mut self) -> u16 {
        u16::from_be_bytes([self.u8(), self.u8()])
    }

    pub(super) fn u32(&mut self) -> u32 {
        u32::from_be_bytes([self.u8(), self.u8(), self.u8(), self.u8()])
    }

    /// Mostly a small number, sometimes an edge, sometimes any.
    pub(super) fn number(&mut self) -> u32 {
        match self.u8() {
            small @ 0..=199 => u32::from(small),
            200..=219 => u32::from(self.u16()),
            220..=229 => u32::MAX - u32::from(self.u8()),
            230..=239 => 1 << (self.u8() % 32),
            _ => self.u32(),
        }
    }

    /// Bytes behind their length: one byte, or two more where that is 255.
    pub(super) fn bytes(&mut self) -> &'a [u8] {
        let short = self.u8();
        let n = if short == 255 { usize::from(self.u16()) } else { usize::from(short) };
        self.take(n)
    }

    pub(super) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::from(self.u8()) % from.len()]
    }
}
