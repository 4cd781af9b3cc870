//! Reading the binary format.

use super::{corrupt, damaged, Certs, Krl};
use crate::crypto::hostkey::PublicKey;
use crate::error::{printable, ErrorKind, Result};
use crate::wire::Reader;

pub(super) const CERTIFICATES: u8 = 1;
pub(super) const EXPLICIT_KEY: u8 = 2;
pub(super) const FINGERPRINT_SHA1: u8 = 3;
pub(super) const SIGNATURE: u8 = 4;
pub(super) const FINGERPRINT_SHA256: u8 = 5;
pub(super) const EXTENSION: u8 = 255;

pub(super) const SERIAL_LIST: u8 = 0x20;
pub(super) const SERIAL_RANGE: u8 = 0x21;
pub(super) const SERIAL_BITMAP: u8 = 0x22;
pub(super) const KEY_ID: u8 = 0x23;
pub(super) const CERT_EXTENSION: u8 = 0x39;

/// The longest bitmap in bytes, a sign byte included: OpenSSH reads no longer mpint.
pub(super) const MAX_BITMAP: usize = 2049;

/// Parses what follows the magic.
pub(super) fn parse(bytes: &[u8]) -> Result<Krl> {
    let mut r = Reader::new(bytes);
    let format = r.u32().map_err(damaged)?;
    if format != 1 {
        return Err(corrupt(format_args!("its format's version is {format}, and only 1 is known")));
    }
    let mut krl = Krl { version: r.u64().map_err(damaged)?, generated: r.u64().map_err(damaged)?, ..Krl::default() };
    let _flags = r.u64().map_err(damaged)?;
    let _reserved = r.string().map_err(damaged)?;
    krl.comment = String::from_utf8_lossy(r.string().map_err(damaged)?).into_owned();
    while !r.is_empty() {
        let number = r.u8().map_err(damaged)?;
        let section = r.string().map_err(damaged)?;
        match number {
            CERTIFICATES => certificates(&mut krl, section)?,
            EXPLICIT_KEY => strings(section, |blob| {
                krl.keys.insert(blob.into());
                Ok(())
            })?,
            FINGERPRINT_SHA1 => strings(section, |hash| {
                krl.sha1.insert(hash.try_into().map_err(|_| corrupt("a SHA-1 hash has 20 bytes"))?);
                Ok(())
            })?,
            FINGERPRINT_SHA256 => strings(section, |hash| {
                krl.sha256.insert(hash.try_into().map_err(|_| corrupt("a SHA-256 hash has 32 bytes"))?);
                Ok(())
            })?,
            EXTENSION => extension(section)?,
            // OpenSSH gave them up in 9.4 (PROTOCOL.krl section 6): not verifying one is worse than having none.
            SIGNATURE => return Err(corrupt("it is signed, which is not supported: sign it with ssh-keygen -Y")),
            _ => return Err(corrupt(format_args!("it has a section of the unknown type {number}"))),
        }
    }
    Ok(krl)
}

/// Goes through a section of strings.
fn strings<'a>(section: &'a [u8], mut each: impl FnMut(&'a [u8]) -> Result<()>) -> Result<()> {
    let mut r = Reader::new(section);
    while !r.is_empty() {
        each(r.string().map_err(damaged)?)?;
    }
    Ok(())
}

/// `string name, boolean critical, string contents`. None is known: one that is critical refuses the list.
fn extension(section: &[u8]) -> Result<()> {
    let mut r = Reader::new(section);
    let name = r.string().map_err(damaged)?;
    let critical = r.bool().map_err(damaged)?;
    let _contents = r.string().map_err(damaged)?;
    r.end().map_err(damaged)?;
    match critical {
        true => Err(corrupt(format_args!("its critical extension \"{}\" is not known", printable(name)))),
        false => Ok(()),
    }
}

fn certificates(krl: &mut Krl, section: &[u8]) -> Result<()> {
    let mut r = Reader::new(section);
    let authority = r.string().map_err(damaged)?;
    let _reserved = r.string().map_err(damaged)?;
    if !authority.is_empty() {
        match PublicKey::parse(authority) {
            Ok(_) => {}
            // No certificate of such an authority is accepted here, so nothing is lost.
            Err(error) if matches!(error.kind(), ErrorKind::KeyUnsupportedType | ErrorKind::KeyWeak) => {}
            Err(error) => return Err(damaged(error)),
        }
    }
    let certs = krl.certs.entry(authority.into()).or_default();
    while !r.is_empty() {
        let number = r.u8().map_err(damaged)?;
        let data = r.string().map_err(damaged)?;
        match number {
            SERIAL_LIST => serial_list(certs, data)?,
            SERIAL_RANGE => serial_range(certs, data)?,
            SERIAL_BITMAP => serial_bitmap(certs, data)?,
            KEY_ID => strings(data, |id| {
                certs.key_ids.insert(id.into());
                Ok(())
            })?,
            CERT_EXTENSION => extension(data)?,
            _ => return Err(corrupt(format_args!("a certificate section holds the unknown type {number}"))),
        }
    }
    Ok(())
}

/// Serial 0 means that there is none; OpenSSH refuses a list that holds it.
fn insert(certs: &mut Certs, first: u64, last: u64) -> Result<()> {
    if first == 0 {
        return Err(corrupt("it revokes the serial number 0, which stands for none"));
    }
    if first > last {
        return Err(corrupt("a range of serial numbers ends before it begins"));
    }
    certs.serials.insert(first, last);
    Ok(())
}

fn serial_list(certs: &mut Certs, data: &[u8]) -> Result<()> {
    let mut r = Reader::new(data);
    while !r.is_empty() {
        let serial = r.u64().map_err(damaged)?;
        insert(certs, serial, serial)?;
    }
    Ok(())
}

fn serial_range(certs: &mut Certs, data: &[u8]) -> Result<()> {
    let mut r = Reader::new(data);
    let (first, last) = (r.u64().map_err(damaged)?, r.u64().map_err(damaged)?);
    r.end().map_err(damaged)?;
    insert(certs, first, last)
}

/// `uint64 offset, mpint bits`: bit N revokes offset + N.
fn serial_bitmap(certs: &mut Certs, data: &[u8]) -> Result<()> {
    let mut r = Reader::new(data);
    let offset = r.u64().map_err(damaged)?;
    let mpint = r.mpint().map_err(damaged)?;
    r.end().map_err(damaged)?;
    if mpint.len() > MAX_BITMAP || mpint.first().is_some_and(|b| b & 0x80 != 0) {
        return Err(corrupt("a bitmap is negative, or longer than 16384 bits"));
    }
    let mut bits: Vec<u8> = mpint.iter().rev().copied().collect();
    while bits.last() == Some(&0) {
        bits.pop();
    }
    let Some(top) = bits.last() else { return Ok(()) };
    if offset == 0 && bits.first().is_some_and(|b| b & 1 != 0) {
        return Err(corrupt("it revokes the serial number 0, which stands for none"));
    }
    let highest = 8 * bits.len() as u64 - u64::from(top.leading_zeros()) - 1;
    if offset.checked_add(highest).is_none() {
        return Err(corrupt("a bitmap goes past the last serial number"));
    }
    certs.serials.insert_bitmap(offset, bits);
    Ok(())
}
