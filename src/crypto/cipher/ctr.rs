//! aes128-ctr, aes192-ctr and aes256-ctr (RFC 4344 section 4): the counter is one 128-bit number, most significant
//! byte first, that begins at the derived IV and never starts anew.

use super::joined::{self, Transform};
use super::{misuse, Open, Seal};
use crate::crypto::registry::{DirectionKeys, MacInfo};
use crate::error::Result;
use aes::{Aes128, Aes192, Aes256};
use cipher::{KeyIvInit, StreamCipher};
use ctr::Ctr128BE;

macro_rules! aes_ctr {
    ($aes:ident, $seal:ident, $open:ident, $bits:literal) => {
        #[doc = concat!("Seals with AES-", $bits, " and the MAC.")]
        pub fn $seal(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Seal>> {
            let cipher = Ctr128BE::<$aes>::new_from_slices(keys.key, keys.iv).map_err(|_| misuse())?;
            joined::seal(cipher, keys, mac)
        }

        #[doc = concat!("Opens with AES-", $bits, " and the MAC.")]
        pub fn $open(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Open>> {
            let cipher = Ctr128BE::<$aes>::new_from_slices(keys.key, keys.iv).map_err(|_| misuse())?;
            joined::open(cipher, keys, mac)
        }

        impl Transform for Ctr128BE<$aes> {
            const BLOCK_LEN: usize = 16;

            fn apply(&mut self, data: &mut [u8]) -> Result<()> {
                // The key stream must stay in step with block borders (RFC 4344 section 4).
                if data.len() % Self::BLOCK_LEN != 0 {
                    return Err(misuse());
                }
                self.try_apply_keystream(data).map_err(|_| misuse())
            }
        }
    };
}

aes_ctr!(Aes128, seal_128, open_128, "128");
aes_ctr!(Aes192, seal_192, open_192, "192");
aes_ctr!(Aes256, seal_256, open_256, "256");
