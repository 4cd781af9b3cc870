//! The host's name in its canonical form: addresses as they are written, names with their domain.

use super::pattern::fits_list;
use super::settings::Settings;
use super::world::{Family, World};
use crate::error::{Error, ErrorKind, Result};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Whether a name can only be an address.
fn looks_like_an_address(name: &str) -> bool {
    name.contains(['%', ':']) || name.chars().all(|c| c.is_ascii_digit() || c == '.')
}

/// An address as it is written: IPv4 also in the short and the hexadecimal forms that the system takes.
fn address(name: &str, family: Family) -> Option<String> {
    if let (Some(v4), true) = (ipv4(name), family != Family::V6) {
        return Some(v4.to_string());
    }
    let (plain, scope) = name.split_once('%').map_or((name, None), |(plain, scope)| (plain, Some(scope)));
    let v6: Ipv6Addr = plain.parse().ok().filter(|_| family != Family::V4)?;
    Some(scope.map_or_else(|| v6.to_string(), |scope| format!("{v6}%{scope}")))
}

/// "1.2.3.4", "1.2.772", "0x7f.1", "017": one to four numbers, the last fills what is left.
fn ipv4(name: &str) -> Option<Ipv4Addr> {
    let parts: Vec<u32> = name.split('.').map(ipv4_part).collect::<Option<_>>()?;
    let (last, first) = parts.split_last()?;
    let left = 4usize.checked_sub(first.len()).filter(|&left| left > 0)?;
    let mut value = u64::from(*last);
    if value >> (8 * left) != 0 || first.iter().any(|&part| part > 255) {
        return None;
    }
    for (index, part) in first.iter().enumerate() {
        value |= u64::from(*part) << (24 - 8 * index);
    }
    u32::try_from(value).ok().map(Ipv4Addr::from)
}

fn ipv4_part(text: &str) -> Option<u32> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u32::from_str_radix(text, 8).ok(),
        None => text.parse().ok(),
    }
}

fn family(settings: &Settings) -> Family {
    match settings.first("addressfamily") {
        Some("inet") => Family::V4,
        Some("inet6") => Family::V6,
        _ => Family::Any,
    }
}

/// The name to connect to.
pub(super) fn canonicalize(name: &str, settings: &Settings, world: &dyn World) -> Result<String> {
    let family = family(settings);
    if let Some(address) = address(name, family) {
        return Ok(address);
    }
    // An address of the other family, say; or one with a scope that does not exist. Connecting will tell.
    if looks_like_an_address(name) {
        return Ok(name.to_owned());
    }
    let name = name.to_ascii_lowercase();
    let direct = matches!(settings.first("proxycommand"), None | Some("none")) && settings.jumps.is_none();
    // A proxy looks names up itself, unless "always" says otherwise.
    let applies = match settings.first("canonicalizehostname") {
        Some("always") => true,
        Some("true") => direct,
        _ => false,
    };
    if !applies {
        return Ok(name);
    }
    if let Some(found) = with_domain(&name, settings, family, world)? {
        return Ok(found);
    }
    if settings.words("canonicalizepermittedcnames").iter().all(|rule| rule == "none") {
        return Ok(name);
    }
    // As it is, by the system's own search; what it leads to may replace it.
    match world.resolve(&name, family)? {
        Some(resolved) => Ok(follow(&name, resolved.canonical.as_deref(), settings)),
        None if direct => Err(Error::new(ErrorKind::ResolveFailed, format!("{name}: there is no such host"))),
        None => Ok(name),
    }
}

/// Tries the domains in turn.
fn with_domain(name: &str, settings: &Settings, family: Family, world: &dyn World) -> Result<Option<String>> {
    let dots = name.matches('.').count();
    let most = settings.first("canonicalizemaxdots").and_then(|text| text.parse().ok()).unwrap_or(1);
    let candidates: Vec<String> = if name.ends_with('.') {
        vec![name.to_owned()]
    } else if dots > most {
        return Ok(None);
    } else {
        let domains = settings.words("canonicaldomains").iter().filter(|domain| *domain != "none");
        domains.map(|domain| format!("{name}.{domain}.")).collect()
    };
    for full in candidates {
        if let Some(resolved) = world.resolve(&full, family)? {
            let plain = full.strip_suffix('.').unwrap_or(&full);
            return Ok(Some(follow(plain, resolved.canonical.as_deref(), settings)));
        }
    }
    if settings.is("canonicalizefallbacklocal", "no") {
        let text = format!("{name}: not found in any of CanonicalDomains");
        return Err(Error::new(ErrorKind::ResolveFailed, text)
            .helped_by("set CanonicalizeFallbackLocal to yes, or correct the name"));
    }
    Ok(None)
}

/// Follows an alias of the DNS where a rule permits it.
fn follow(name: &str, canonical: Option<&str>, settings: &Settings) -> String {
    let canonical = canonical.map(|text| text.strip_suffix('.').unwrap_or(text)).filter(|text| !text.is_empty());
    let Some(canonical) = canonical.filter(|text| *text != name) else { return name.to_owned() };
    let permitted = settings.words("canonicalizepermittedcnames").iter().any(|rule| {
        let (source, target) = rule.split_once(':').unwrap_or((rule, ""));
        !target.is_empty() && fits_list(name, source) && fits_list(canonical, target)
    });
    if permitted {
        canonical.to_owned()
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (name, family, want) in [
            ("1.2.3.4", Family::Any, Some("1.2.3.4")),
            ("127.1", Family::Any, Some("127.0.0.1")),
            ("0x7f.1", Family::Any, Some("127.0.0.1")),
            ("1.2.772", Family::Any, Some("1.2.3.4")),
            ("010.0.0.1", Family::Any, Some("8.0.0.1")),
            ("1.2.3.4", Family::V6, None),
            ("256.1.1.1", Family::Any, None),
            ("1.2.3.4.5", Family::Any, None),
            ("2001:DB8:0::1", Family::Any, Some("2001:db8::1")),
            ("fe80::1%eth0", Family::Any, Some("fe80::1%eth0")),
            ("::1", Family::V4, None),
            ("host", Family::Any, None),
        ] {
            assert_eq!(address(name, family).as_deref(), want, "{name}");
        }
    }
}
