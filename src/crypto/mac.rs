//! HMAC (RFC 2104) as SSH uses it: over the sequence number and then the packet (RFC 4253 section 6.4, RFC 6668).

use super::hash::HashAlg;
use super::registry::MacInfo;
use crate::error::{Error, ErrorKind, Result};
use ring::hmac;
use subtle::ConstantTimeEq;

/// One direction's MAC.
pub struct Mac {
    key: hmac::Key,
    tag_len: usize,
}

impl Mac {
    /// A MAC with this key. A key or tag length that does not fit `info` is [`ErrorKind::Internal`]: both come from
    /// the key derivation, never from the peer.
    pub fn new(info: &MacInfo, key: &[u8]) -> Result<Self> {
        if key.len() != info.key_len || info.tag_len > info.hash.output_len() {
            return Err(Error::new(ErrorKind::Internal, "MAC key of the wrong length"));
        }
        Ok(Self::with_hash(info.hash, info.tag_len, key))
    }

    fn with_hash(hash: HashAlg, tag_len: usize, key: &[u8]) -> Self {
        let algorithm = match hash {
            HashAlg::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            HashAlg::Sha256 => hmac::HMAC_SHA256,
            HashAlg::Sha384 => hmac::HMAC_SHA384,
            HashAlg::Sha512 => hmac::HMAC_SHA512,
        };
        Self { key: hmac::Key::new(algorithm, key), tag_len }
    }

    /// Bytes of tag.
    #[must_use]
    pub fn tag_len(&self) -> usize {
        self.tag_len
    }

    /// Writes the tag over `sequence || data` into `out`, which is `tag_len` bytes.
    pub fn sign(&self, sequence: u32, data: &[u8], out: &mut [u8]) -> Result<()> {
        let full = self.compute(sequence, data);
        let tag = full.as_ref().get(..self.tag_len).filter(|tag| tag.len() == out.len());
        let tag = tag.ok_or_else(|| Error::new(ErrorKind::Internal, "room for the MAC has the wrong size"))?;
        out.copy_from_slice(tag);
        Ok(())
    }

    /// Compares `tag` with the one over `sequence || data`, in a time that does not depend on where they differ.
    pub fn verify(&self, sequence: u32, data: &[u8], tag: &[u8]) -> Result<()> {
        let full = self.compute(sequence, data);
        match full.as_ref().get(..self.tag_len) {
            Some(ours) if bool::from(ours.ct_eq(tag)) => Ok(()),
            _ => Err(ErrorKind::MacMismatch.into()),
        }
    }

    fn compute(&self, sequence: u32, data: &[u8]) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&sequence.to_be_bytes());
        context.update(data);
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::registry::{MacInfo, MACS};

    fn unhex(text: &str) -> Vec<u8> {
        text.as_bytes().chunks(2).map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap(), 16).unwrap()).collect()
    }

    /// The first four bytes of a test message take the place of the sequence number.
    fn check(hash: HashAlg, key: &[u8], message: &[u8], tag: &str) {
        let (sequence, data) = message.split_first_chunk::<4>().unwrap();
        let (sequence, tag) = (u32::from_be_bytes(*sequence), unhex(tag));
        let mac = Mac::with_hash(hash, hash.output_len(), key);
        let mut out = vec![0; hash.output_len()];
        mac.sign(sequence, data, &mut out).unwrap();
        assert_eq!(out, tag);
        mac.verify(sequence, data, &tag).unwrap();
    }

    #[test]
    fn rfc_4231_and_rfc_2202_values() {
        let (jefe, nothing) = (b"Jefe".as_slice(), b"what do ya want for nothing?".as_slice());
        // RFC 2202 section 3, cases 1 and 2.
        check(HashAlg::Sha1, &[0x0b; 20], b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00");
        check(HashAlg::Sha1, jefe, nothing, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
        // RFC 4231 sections 4.2, 4.3 and 4.7 (a key longer than the block).
        check(
            HashAlg::Sha256,
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        );
        check(HashAlg::Sha256, jefe, nothing, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = b"Test Using Larger Than Block-Size Key - Hash Key First".as_slice();
        check(HashAlg::Sha256, &[0xaa; 131], long, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
        check(
            HashAlg::Sha512,
            &[0x0b; 20],
            b"Hi There",
            "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde\
             daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
        );
        check(
            HashAlg::Sha512,
            jefe,
            nothing,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
             9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        );
    }

    #[test]
    fn a_key_of_the_wrong_length_is_refused() {
        for info in MACS {
            let info: &MacInfo = info;
            assert!(Mac::new(info, &vec![1; info.key_len]).is_ok(), "{}", info.name);
            for len in [0, info.key_len - 1, info.key_len + 1] {
                let error = Mac::new(info, &vec![1; len]).err().unwrap();
                assert_eq!(error.kind(), ErrorKind::Internal, "{} {len}", info.name);
            }
        }
    }

    #[test]
    fn a_tag_of_another_length_never_verifies() {
        let mac = Mac::with_hash(HashAlg::Sha256, 32, &[7; 32]);
        let mut tag = [0; 32];
        mac.sign(3, b"data", &mut tag).unwrap();
        for tag in [&tag[..31], &[tag.as_slice(), &[0]].concat(), &[]] {
            assert_eq!(mac.verify(3, b"data", tag).unwrap_err().kind(), ErrorKind::MacMismatch);
        }
        assert_eq!(mac.verify(4, b"data", &tag).unwrap_err().kind(), ErrorKind::MacMismatch);
        assert_eq!(mac.sign(3, b"data", &mut [0; 31]).unwrap_err().kind(), ErrorKind::Internal);
    }
}
