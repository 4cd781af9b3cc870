//! What only a client does in a key exchange.

use super::{unexpected, Context, GroupRequest, Kex, KexJob, Step};
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::PublicKey;
use crate::crypto::kex::ClientShare;
use crate::crypto::registry::KexFlow;
use crate::error::{Error, ErrorKind, Result};
use crate::proto::outbox::Outbox;
use crate::wire::msg_kex::{
    KexDhGexGroup, KexDhGexInit, KexDhGexReply, KexDhGexRequest, KexDhInit, KexDhReply, KexEcdhInit, KexEcdhReply,
};
use crate::wire::numbers;
use std::sync::Arc;

/// Group sizes asked for, bits (RFC 4419 section 3). 3072 matches the 128-bit strength of the default host keys; 2048
/// is the least this library takes from anyone.
const GROUP_MIN: u32 = 2048;
const GROUP_PREFERRED: u32 = 3072;
const GROUP_MAX: u32 = 8192;

impl Kex {
    /// Both KEXINITs are here.
    pub(super) fn client_begin(&mut self, out: &mut Outbox, context: Arc<Context>) {
        match context.kex.flow {
            KexFlow::Octets | KexFlow::Dh => self.begin_job(out, KexJob::client_start(context)),
            KexFlow::GroupExchange => {
                out.message_now(|buf| KexDhGexRequest::new(GROUP_MIN, GROUP_PREFERRED, GROUP_MAX).encode(buf));
                self.step = Step::ClientGroup(context);
            }
        }
    }

    pub(super) fn client_send_init(&mut self, out: &mut Outbox, context: Arc<Context>, share: Box<dyn ClientShare>) {
        let public = share.public();
        out.message_now(|buf| match context.kex.flow {
            KexFlow::Octets => KexEcdhInit::new(public).encode(buf),
            KexFlow::Dh => KexDhInit::new(public).encode(buf),
            KexFlow::GroupExchange => KexDhGexInit::new(public).encode(buf),
        });
        self.step = Step::ClientReply(context, share);
    }

    pub(super) fn client_message(&mut self, out: &mut Outbox, number: u8, payload: &[u8]) -> Result<()> {
        let job = match (std::mem::replace(&mut self.step, Step::Init), number) {
            (Step::ClientGroup(context), numbers::KEX_DH_GEX_GROUP) => {
                let msg = KexDhGexGroup::parse(payload)?;
                let group = GroupRequest {
                    min: GROUP_MIN,
                    preferred: GROUP_PREFERRED,
                    max: GROUP_MAX,
                    p: msg.p.to_vec(),
                    g: msg.g.to_vec(),
                };
                KexJob::client_start_in_group(Arc::new(Context { group: Some(group), ..Context::clone(&context) }))
            }
            (Step::ClientReply(context, share), number) => {
                let (host_key, public, signature) = match (context.kex.flow, number) {
                    (KexFlow::Octets, numbers::KEX_REPLY) => {
                        let msg = KexEcdhReply::parse(payload)?;
                        (msg.host_key, msg.public, msg.signature)
                    }
                    (KexFlow::Dh, numbers::KEX_REPLY) => {
                        let msg = KexDhReply::parse(payload)?;
                        (msg.host_key, msg.f, msg.signature)
                    }
                    (KexFlow::GroupExchange, numbers::KEX_DH_GEX_REPLY) => {
                        let msg = KexDhGexReply::parse(payload)?;
                        (msg.host_key, msg.f, msg.signature)
                    }
                    _ => return Err(unexpected("not the key exchange message that is due")),
                };
                KexJob::client_finish(context, share, host_key.to_vec(), public.to_vec(), signature.to_vec())
            }
            _ => return Err(unexpected("not the key exchange message that is due")),
        };
        self.begin_job(out, job);
        Ok(())
    }

    /// The key of the first exchange stays the connection's: nobody can slip in another during a rekey. So does its
    /// certificate, the one that whoever trusts the server looked at: a fresh one, or none, changes nothing then, for
    /// the key is what the server proves to be by.
    pub(super) fn pin_host_key(&mut self, key: PublicKey, certificate: Option<Certificate>) -> Result<()> {
        match &self.host_key {
            Some(pinned) if *pinned != key => Err(Error::new(
                ErrorKind::HostKeyChanged,
                format!("the host key changed during the session, to {}", key.fingerprint_sha256()),
            )),
            Some(_) => Ok(()),
            None => {
                self.host_key = Some(key);
                self.host_certificate = certificate;
                Ok(())
            }
        }
    }
}
