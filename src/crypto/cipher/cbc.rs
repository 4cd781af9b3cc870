//! aes128-cbc, aes192-cbc, aes256-cbc and 3des-cbc (RFC 4253 section 6.3): for old peers, never offered unasked.
//! With encrypt-and-MAC the length can be told from chosen ciphertext by watching when the connection fails
//! (CVE-2008-5161), and a 64-bit block collides after gigabytes (CVE-2016-2183).

use super::joined::{self, Transform};
use super::{misuse, Open, Seal};
use crate::crypto::registry::{DirectionKeys, MacInfo};
use crate::error::Result;
use aes::{Aes128, Aes192, Aes256};
use cbc::{Decryptor, Encryptor};
use cipher::typenum::Unsigned;
use cipher::{Array, BlockCipherDecrypt, BlockCipherEncrypt, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use des::TdesEde3;

impl<C: BlockCipherEncrypt + Send> Transform for Encryptor<C> {
    const BLOCK_LEN: usize = C::BlockSize::USIZE;

    fn apply(&mut self, data: &mut [u8]) -> Result<()> {
        let (blocks, rest) = Array::slice_as_chunks_mut(data);
        if !rest.is_empty() {
            return Err(misuse());
        }
        self.encrypt_blocks(blocks);
        Ok(())
    }
}

impl<C: BlockCipherDecrypt + Send> Transform for Decryptor<C> {
    const BLOCK_LEN: usize = C::BlockSize::USIZE;

    fn apply(&mut self, data: &mut [u8]) -> Result<()> {
        let (blocks, rest) = Array::slice_as_chunks_mut(data);
        if !rest.is_empty() {
            return Err(misuse());
        }
        self.decrypt_blocks(blocks);
        Ok(())
    }
}

macro_rules! cbc {
    ($block_cipher:ident, $seal:ident, $open:ident, $name:literal) => {
        #[doc = concat!("Seals with ", $name, " and the MAC.")]
        pub fn $seal(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Seal>> {
            let cipher = Encryptor::<$block_cipher>::new_from_slices(keys.key, keys.iv).map_err(|_| misuse())?;
            joined::seal(cipher, keys, mac)
        }

        #[doc = concat!("Opens with ", $name, " and the MAC.")]
        pub fn $open(keys: &DirectionKeys<'_>, mac: Option<&'static MacInfo>) -> Result<Box<dyn Open>> {
            let cipher = Decryptor::<$block_cipher>::new_from_slices(keys.key, keys.iv).map_err(|_| misuse())?;
            joined::open(cipher, keys, mac)
        }
    };
}

cbc!(Aes128, seal_aes128, open_aes128, "AES-128");
cbc!(Aes192, seal_aes192, open_aes192, "AES-192");
cbc!(Aes256, seal_aes256, open_aes256, "AES-256");
cbc!(TdesEde3, seal_3des, open_3des, "three-key triple DES");
