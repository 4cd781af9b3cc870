//! What a key in an agent may be used for.

use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::{Reader, Writer};

const LIFETIME: u8 = 1;
const CONFIRM: u8 = 2;
const EXTENSION: u8 = 255;

/// Constraints of a key (draft-ietf-sshm-ssh-agent section 3.2.7).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Constraints {
    /// Seconds until the key is removed.
    pub lifetime: Option<u32>,
    /// Every use is to be confirmed.
    pub confirm: bool,
    /// Others, by name with their data: a client sends them on; an agent that does not know one refuses the key.
    pub extensions: Vec<(String, Vec<u8>)>,
}

impl Constraints {
    /// None at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Parses the rest of a message.
    ///
    /// Errors: `Unsupported` for a constraint this library does not know: the key must not be taken without it;
    /// `Protocol` where one is malformed or repeated.
    pub(super) fn parse(r: &mut Reader<'_>) -> Result<Self> {
        let mut out = Self::default();
        while !r.is_empty() {
            match r.u8()? {
                LIFETIME if out.lifetime.is_none() => out.lifetime = Some(r.u32()?),
                CONFIRM if !out.confirm => out.confirm = true,
                LIFETIME | CONFIRM => return Err(Error::protocol("a constraint is repeated")),
                EXTENSION => {
                    let name = printable(r.string()?);
                    let text = format!("the constraint \"{name}\" is not supported");
                    return Err(Error::new(ErrorKind::Unsupported, text));
                }
                number => {
                    let text = format!("constraints of type {number} are not supported");
                    return Err(Error::new(ErrorKind::Unsupported, text));
                }
            }
        }
        Ok(out)
    }

    pub(super) fn encode(&self, w: &mut Writer<'_>) {
        if let Some(seconds) = self.lifetime {
            w.u8(LIFETIME).u32(seconds);
        }
        if self.confirm {
            w.u8(CONFIRM);
        }
        for (name, data) in &self.extensions {
            w.u8(EXTENSION).string(name).raw(data);
        }
    }
}
