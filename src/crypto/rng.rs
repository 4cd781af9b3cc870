//! Randomness as a value, so that tests can seed it.

/// A source of random bytes.
pub trait Rng: Send {
    /// Fills `out`.
    fn fill(&mut self, out: &mut [u8]);
}

/// The operating system's generator, read in small blocks so that padding does not cost a system call a packet.
/// Never used for keys: those draw from the system directly.
pub struct SystemRng {
    block: [u8; 512],
    used: usize,
}

impl Default for SystemRng {
    fn default() -> Self {
        Self { block: [0; 512], used: 512 }
    }
}

impl Rng for SystemRng {
    fn fill(&mut self, out: &mut [u8]) {
        for byte in out {
            if self.used >= self.block.len() {
                system_bytes(&mut self.block);
                self.used = 0;
            }
            // In range: `used` was just checked.
            *byte = self.block.get(self.used).copied().unwrap_or(0);
            self.used += 1;
        }
    }
}

/// Fills `out` from the operating system. Without randomness nothing can go on safely, so failure aborts the process;
/// it happens only where the system has no generator at all.
pub fn system_bytes(out: &mut [u8]) {
    if getrandom::fill(out).is_err() {
        std::process::abort();
    }
}

/// The operating system's generator in the shape the RustCrypto crates ask for; every call goes to the system, so
/// that no state of it lingers. For keys and blinding.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeyRng;

impl rand_core::TryRng for KeyRng {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        system_bytes(&mut bytes);
        Ok(u32::from_ne_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        system_bytes(&mut bytes);
        Ok(u64::from_ne_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        system_bytes(out);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for KeyRng {}
