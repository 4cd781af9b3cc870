//! What only a server does in a key exchange.

use super::{unexpected, Context, GroupRequest, Kex, KexJob, Step};
use crate::crypto::hostkey::PrivateKey;
use crate::crypto::kex::dh::Group;
use crate::crypto::registry::{certificate_names, KexFlow};
use crate::error::{Error, ErrorKind, Result};
use crate::proto::config::{Config, Preferences};
use crate::proto::outbox::Outbox;
use crate::proto::phase::Role;
use crate::wire::msg_kex::{KexDhGexGroup, KexDhGexInit, KexDhGexRequest, KexDhInit, KexEcdhInit};
use crate::wire::numbers;
use std::sync::Arc;

/// The least and largest group handed out, bits (RFC 8270 section 3; OpenSSH's upper bound).
const GROUP_MIN: u32 = 2048;
const GROUP_MAX: u32 = 8192;

impl Kex {
    /// The lists to offer: a server offers only host key algorithms it has a key for. To give a key a certificate is
    /// to ask for its algorithms: they come first, for the plain ones that are enabled.
    pub(super) fn offered(&self, config: &Config) -> Preferences {
        let mut prefs = config.preferences.clone();
        if self.role == Role::Server {
            let mut names = certificate_names(&prefs.host_key);
            names.retain(|name| !prefs.host_key.contains(name));
            names.append(&mut prefs.host_key);
            names.retain(|name| self.key_for(name).is_some());
            prefs.host_key = names;
        }
        prefs
    }

    fn key_for(&self, algorithm: &str) -> Option<&PrivateKey> {
        self.server.keys.iter().find(|key| {
            key.public().signature_algorithms().contains(&algorithm) || key.shown_algorithms().contains(&algorithm)
        })
    }

    pub(super) fn server_message(&mut self, out: &mut Outbox, number: u8, payload: &[u8]) -> Result<()> {
        match (std::mem::replace(&mut self.step, Step::Init), number) {
            (Step::ServerInit(context), numbers::KEX_INIT) => {
                let public = match context.kex.flow {
                    KexFlow::Octets => KexEcdhInit::parse(payload)?.public,
                    KexFlow::Dh | KexFlow::GroupExchange => KexDhInit::parse(payload)?.e,
                };
                self.server_compute(out, context, None, public)
            }
            (Step::ServerRequest(context), numbers::KEX_DH_GEX_REQUEST) => {
                self.server_group(out, &context, &KexDhGexRequest::parse(payload)?)
            }
            (Step::ServerGexInit(context, group), numbers::KEX_DH_GEX_INIT) => {
                self.server_compute(out, context, Some(group), KexDhGexInit::parse(payload)?.e)
            }
            _ => Err(unexpected("not the key exchange message that is due")),
        }
    }

    fn server_group(&mut self, out: &mut Outbox, context: &Context, asked: &KexDhGexRequest<'_>) -> Result<()> {
        if asked.min > asked.preferred || asked.preferred > asked.max {
            return Err(Error::new(
                ErrorKind::KexFailed,
                format!("group sizes out of order: {} {} {} (RFC 4419)", asked.min, asked.preferred, asked.max),
            ));
        }
        let (min, max) = (asked.min.max(GROUP_MIN), asked.max.min(GROUP_MAX));
        let moduli = self.server.moduli.as_ref().ok_or_else(|| unexpected("group exchange was not offered"))?;
        let group = moduli.select(min, asked.preferred.clamp(min, max.max(min)), max).ok_or_else(|| {
            Error::new(ErrorKind::KexFailed, format!("no group of {min} to {max} bits in the moduli file"))
        })?;
        let (p, g) = (group.p().to_vec(), group.g().to_vec());
        out.message_now(|buf| KexDhGexGroup::new(&p, &g).encode(buf));
        // The hash takes the request as it was sent (RFC 4419 section 3).
        let request =
            GroupRequest { min: asked.min, preferred: asked.preferred, max: asked.max, p: p.clone(), g: g.clone() };
        let context = Arc::new(Context { group: Some(request), ..context.clone() });
        self.step = Step::ServerGexInit(context, group);
        Ok(())
    }

    fn server_compute(
        &mut self,
        out: &mut Outbox,
        context: Arc<Context>,
        group: Option<Arc<Group>>,
        client_public: &[u8],
    ) -> Result<()> {
        let key = self
            .key_for(context.host_key.name)
            .cloned()
            .ok_or_else(|| Error::new(ErrorKind::Internal, "negotiated a host key algorithm without a key"))?;
        self.chosen = Some(key.clone());
        self.begin_job(out, KexJob::server_finish(context, key, group, client_public.to_vec()));
        Ok(())
    }
}
