//! The moduli file of group exchange (RFC 4419), as `ssh-keygen -M` writes it: see moduli(5) of OpenSSH.

use super::kex::dh::Group;
use super::rng::system_bytes;
use num_bigint::BigUint;
use std::sync::Arc;

/// Type of a modulus: a safe prime.
const TYPE_SAFE: u32 = 2;
/// Test bit: found composite.
const TEST_COMPOSITE: u32 = 0x01;
/// Test bit: Miller-Rabin, with random bases.
const TEST_MILLER_RABIN: u32 = 0x04;
/// Test bits of stronger tests: Jacobi, elliptic curve.
const TESTS_STRONGER: u32 = 0x08 | 0x10;
/// How many rounds of Miller-Rabin alone are taken for a proof.
const MIN_TRIES: u32 = 100;

/// Groups for group exchange, from a file the server's administrator vouches for.
#[derive(Debug, Clone, Default)]
pub struct Moduli {
    /// By size, smallest first.
    groups: Vec<Arc<Group>>,
}

impl Moduli {
    /// Reads a moduli file. Lines that are malformed, of another type, untested, composite, or of a size that is
    /// never used (below 2048 or above 8192 bits) are skipped.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut groups: Vec<Arc<Group>> = text.lines().filter_map(parse_line).map(Arc::new).collect();
        groups.sort_by_key(|group| group.bits());
        Self { groups }
    }

    /// Whether there is no group at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The group for a request (RFC 4419 section 3): the smallest of at least `preferred` bits within `min..=max`,
    /// else the largest within; among several of one size, one at random. None where none is within.
    #[must_use]
    pub fn select(&self, min: u32, preferred: u32, max: u32) -> Option<Arc<Group>> {
        let within = || self.groups.iter().filter(|group| (min..=max).contains(&group.bits()));
        let bits = within().find(|group| group.bits() >= preferred).or_else(|| within().next_back())?.bits();
        let same = || within().filter(|group| group.bits() == bits);
        let mut random = [0; 8];
        system_bytes(&mut random);
        // The bias of the remainder is far below notice.
        let pick = u64::from_ne_bytes(random) % u64::try_from(same().count()).ok()?.max(1);
        same().nth(usize::try_from(pick).ok()?).cloned()
    }
}

/// `time type tests tries size generator modulus`; the last two are hexadecimal, the size is one less than the bits.
fn parse_line(line: &str) -> Option<Group> {
    let mut fields = line.split_ascii_whitespace();
    let _time = fields.next().filter(|field| !field.starts_with('#'))?;
    let mut number = || fields.next()?.parse::<u32>().ok();
    let (kind, tests, tries, size) = (number()?, number()?, number()?, number()?);
    let (generator, modulus) = (fields.next()?, fields.next()?);
    let miller_rabin = tests & TEST_MILLER_RABIN != 0 && tries >= MIN_TRIES;
    let tested = tests & TESTS_STRONGER != 0 || miller_rabin;
    if kind != TYPE_SAFE || tests & TEST_COMPOSITE != 0 || !tested || fields.next().is_some() {
        return None;
    }
    let hex = |text: &str| BigUint::parse_bytes(text.as_bytes(), 16).map(|number| number.to_bytes_be());
    // Bounded before it is parsed: 8192 bits are 2048 digits.
    let modulus = (modulus.len() <= 2048 + 2 && generator.len() <= 8).then_some(modulus)?;
    let group = Group::from_trusted(&hex(modulus)?, &hex(generator)?).ok()?;
    (group.bits() == size.checked_add(1)?).then_some(group)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::kex::groups::{group14, group16, group18};

    fn line(tests: &str, group: &Group) -> String {
        let p = BigUint::from_bytes_be(group.p());
        format!("20260101000000 {tests} {} 2 {p:X}\n", group.bits() - 1)
    }

    #[test]
    fn good_lines_are_taken_and_bad_ones_skipped() {
        let group = group14();
        assert_eq!(Moduli::parse(&line("2 6 100", &group)).groups, [Arc::new(group.clone())]);
        assert_eq!(Moduli::parse(&line("2 8 0", &group)).groups, [Arc::new(group.clone())]);
        let mut text = String::from("# comment\n\nrubbish\n2 2 2\n");
        for bad in ["2 7 100", "2 6 99", "2 2 100", "2 0 100", "4 6 100", "0 6 100", "x 6 100"] {
            text.push_str(&line(bad, &group));
        }
        let good = line("2 6 100", &group);
        text.push_str(&good.replace(" 2047 ", " 2048 "));
        text.push_str(&good.replace(" 2047 2 ", " 2047 1 "));
        text.push_str(&good.replace('\n', " more\n"));
        text.push_str(&good.replace("\n", "0\n"));
        text.push_str("20260101000000 2 6 100 1023 2 FFFF\n");
        assert!(Moduli::parse(&text).is_empty());
    }

    #[test]
    fn selection() {
        let text: String = [group18(), group14(), group16()].iter().map(|group| line("2 6 100", group)).collect();
        let moduli = Moduli::parse(&text);
        let bits = |min, preferred, max| moduli.select(min, preferred, max).map(|group| group.bits());
        assert_eq!(bits(2048, 2048, 8192), Some(2048));
        assert_eq!(bits(2048, 3072, 8192), Some(4096));
        assert_eq!(bits(2048, 8192, 8192), Some(8192));
        assert_eq!(bits(1024, 8192, 4095), Some(2048));
        assert_eq!(bits(1024, 1024, 2047), None);
        assert_eq!(bits(9000, 9000, 8192), None);
        assert_eq!(Moduli::default().select(0, 0, u32::MAX), None);
    }
}
