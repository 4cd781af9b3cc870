//! Asking for a host key that can be checked.

use super::Known;
use crate::crypto::registry::{certificate_names, find, SIGNATURES};
use crate::engine::Transport;
use crate::error::Result;

/// Puts the host key algorithms first that lead to a key that can be checked, in their order of preference. Where there
/// is an authority, those with a certificate go before all others, as ssh orders them.
pub fn prefer(transport: &Transport, known: &Known) -> Result<()> {
    let mut preferences = transport.preferences()?;
    if known.has_authority {
        let names = certificate_names(&preferences.host_key);
        preferences.host_key.splice(0..0, names);
        let mut seen = Vec::new();
        preferences.host_key.retain(|name| {
            !seen.contains(name) && {
                seen.push(*name);
                true
            }
        });
    }
    let is_known = |name: &str| {
        find(SIGNATURES, name)
            .is_some_and(|row| (known.has_authority && row.is_certificate()) || known.key_types.contains(&row.key_type))
    };
    let (mut first, rest): (Vec<_>, Vec<_>) = preferences.host_key.into_iter().partition(|name| is_known(name));
    first.extend(rest);
    preferences.host_key = first;
    transport.set_preferences(preferences)
}
