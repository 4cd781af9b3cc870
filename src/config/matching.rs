//! Which blocks apply: Host and Match.

use super::assign::Words;
use super::evaluate::Evaluation;
use super::pattern::{fits, fits_list, fits_list_any_case};
use super::tokens::SHELL_COMMAND;
use std::net::IpAddr;

/// What `Match version` is compared with.
const VERSION: &str = concat!("sshrs_", env!("CARGO_PKG_VERSION"));

/// Why a Match could not be judged: a text for the line, or an error of its own, from running a command.
pub(super) enum Trouble {
    Text(String),
    Error(crate::error::Error),
}

impl From<String> for Trouble {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Whether a Host line's patterns fit: one of them, and none of those with `!`.
pub(super) fn host(name: &str, patterns: &[String]) -> Result<bool, String> {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            _ if pattern.is_empty() => return Err("an empty pattern".into()),
            Some(not) if fits(name, not) => return Ok(false),
            Some(_) => {}
            None => found |= fits(name, pattern),
        }
    }
    Ok(found)
}

/// The criteria that take an argument; the last two also an empty one.
const WITH_ARGUMENT: &[&str] = &[
    "host",
    "originalhost",
    "user",
    "localuser",
    "localnetwork",
    "version",
    "exec",
    "sessiontype",
    "tagged",
    "command",
];

/// Whether all criteria of a Match line hold. `never`: the block cannot apply anyway, so no command is run for it.
pub(super) fn criteria(evaluation: &mut Evaluation<'_>, list: &[String], never: bool) -> Result<bool, Trouble> {
    let (mut holds, mut count) = (true, 0);
    let mut words = Words(list.iter());
    while let Some(word) = words.0.next() {
        let (wanted, name) = match word.strip_prefix('!') {
            Some(name) => (false, name),
            None => (true, word.as_str()),
        };
        // "name=value" in one word, as well as in two or three.
        let (name, glued) = match name.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (name, None),
        };
        let name = name.to_ascii_lowercase();
        if name == "all" {
            if count > 1 || glued.is_some() || words.0.next().is_some() {
                return Err("\"all\" cannot be combined with other criteria".to_owned().into());
            }
            return Ok(holds && wanted);
        }
        count += 1;
        let fits = match name.as_str() {
            "canonical" => evaluation.is_final,
            "final" => {
                evaluation.wants_final |= wanted;
                evaluation.is_final
            }
            _ if WITH_ARGUMENT.contains(&name.as_str()) => {
                let value = argument(&name, glued, &mut words)?;
                if name == "exec" {
                    let command = evaluation.expand(&value, SHELL_COMMAND)?;
                    // Only a command that can still decide is run.
                    holds && !never && evaluation.world.run(&command).map_err(Trouble::Error)?
                } else {
                    one(evaluation, &name, &value)?
                }
            }
            _ => return Err(format!("\"{name}\" is no criterion of Match").into()),
        };
        holds &= fits == wanted;
    }
    if count == 0 {
        return Err("Match needs a criterion".to_owned().into());
    }
    Ok(holds)
}

fn argument(name: &str, glued: Option<&str>, words: &mut Words<'_>) -> Result<String, String> {
    let may_be_empty = matches!(name, "tagged" | "command");
    let missing = || format!("\"{name}\" needs a value");
    let value = match glued {
        Some("") if !may_be_empty => words.0.next().map(String::as_str),
        Some(value) => Some(value),
        None => match words.0.next().map(String::as_str) {
            Some("=") => words.0.next().map(String::as_str),
            Some(word) if word.len() > 1 && word.starts_with('=') => word.get(1..),
            other => other,
        },
    };
    value.filter(|value| may_be_empty || !value.is_empty()).map(str::to_owned).ok_or_else(missing)
}

fn one(evaluation: &Evaluation<'_>, name: &str, value: &str) -> Result<bool, Trouble> {
    // An empty pattern stands for an empty text.
    let may_be_empty = |text: &str| if text.is_empty() { value.is_empty() } else { fits_list(text, value) };
    Ok(match name {
        "host" => fits_list_any_case(&evaluation.current_host()?, value),
        "originalhost" => fits_list_any_case(evaluation.original, value),
        "user" => fits_list(evaluation.user(), value),
        "localuser" => fits_list(&evaluation.local.user, value),
        "version" => fits_list(VERSION, value),
        "tagged" => may_be_empty(evaluation.settings.first("tag").unwrap_or_default()),
        "command" => may_be_empty(evaluation.command),
        "sessiontype" => fits_list(evaluation.session_type(), value),
        _ => {
            let networks: Vec<Network> = value.split(',').map(Network::parse).collect::<Result<_, _>>()?;
            let own = evaluation.world.addresses().map_err(Trouble::Error)?;
            let inside = |negated: bool| {
                networks.iter().any(|net| net.negated == negated && own.iter().any(|address| net.contains(*address)))
            };
            inside(false) && !inside(true)
        }
    })
}

/// "address/bits", or an address alone.
struct Network {
    negated: bool,
    address: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Result<Self, String> {
        let bad = || format!("\"{text}\" is not a network, such as 10.0.0.0/8");
        let (negated, plain) = match text.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (address, bits) = plain.split_once('/').map_or((plain, None), |(a, b)| (a, Some(b)));
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), |bits| bits.parse().map_err(|_| bad()))?;
        let network = Self { negated, address, bits };
        // Bits behind the network's length are a mistake, as OpenSSH has it.
        let shift = most.checked_sub(bits).ok_or_else(bad)?;
        if network.bits_of(address) & ((1u128.checked_shl(shift).unwrap_or(0)).wrapping_sub(1)) != 0 && shift > 0 {
            return Err(format!("\"{text}\" has bits behind its length"));
        }
        Ok(network)
    }

    fn bits_of(&self, address: IpAddr) -> u128 {
        match address {
            IpAddr::V4(v4) => u128::from(u32::from(v4)),
            IpAddr::V6(v6) => u128::from(v6),
        }
    }

    fn contains(&self, address: IpAddr) -> bool {
        let most = if self.address.is_ipv4() { 32 } else { 128 };
        let shift = most - self.bits.min(most);
        let prefix = |address| self.bits_of(address).checked_shr(shift).unwrap_or(0);
        self.address.is_ipv4() == address.is_ipv4() && prefix(self.address) == prefix(address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        let list = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(host("a.b", &list("x *.b")).unwrap());
        assert!(!host("a.b", &list("*.b !a.*")).unwrap());
        assert!(!host("a.b", &list("!c")).unwrap());
        assert!(!host("A", &list("a")).unwrap());
        assert!(host("a", &[String::new()]).is_err());
    }

    #[test]
    fn networks() {
        let contains = |net: &str, address: &str| Network::parse(net).map(|net| net.contains(address.parse().unwrap()));
        assert_eq!(contains("10.0.0.0/8", "10.1.2.3"), Ok(true));
        assert_eq!(contains("10.0.0.0/8", "11.1.2.3"), Ok(false));
        assert_eq!(contains("0.0.0.0/0", "11.1.2.3"), Ok(true));
        assert_eq!(contains("::/0", "::1"), Ok(true));
        assert_eq!(contains("::/0", "1.2.3.4"), Ok(false));
        assert_eq!(contains("fe80::/10", "fe80::1"), Ok(true));
        assert_eq!(contains("1.2.3.4", "1.2.3.4"), Ok(true));
        assert!(contains("10.0.0.1/8", "::1").is_err());
        assert!(contains("10.0.0.0/33", "::1").is_err());
        assert!(contains("x/8", "::1").is_err());
    }
}
