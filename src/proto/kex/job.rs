//! Key exchange arithmetic as work that anyone may do outside of the connection.

use super::hash::{encode_secret, exchange_hash, Context};
use crate::crypto::cert::Certificate;
use crate::crypto::hostkey::{PrivateKey, PublicKey};
use crate::crypto::kex::dh::{self, Group};
use crate::crypto::kex::{ClientShare, ServerShare};
use crate::crypto::registry::{KexFlow, SignatureInfo};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::msg_kex::{KexDhGexReply, KexDhReply, KexEcdhReply};
use std::sync::Arc;
use zeroize::Zeroizing;

/// What an exchange yields: K as it was hashed, and H.
pub(super) struct Agreed {
    pub secret: Zeroizing<Vec<u8>>,
    pub hash: Vec<u8>,
    /// The host key as it was shown, a certificate as such.
    pub shown: Vec<u8>,
    /// Its signature over the hash.
    pub signature: Vec<u8>,
}

pub(super) enum Output {
    ClientStarted(Arc<Context>, Box<dyn ClientShare>),
    ClientFinished(Agreed, PublicKey, Option<Certificate>),
    /// With the REPLY payload to send.
    ServerFinished(Agreed, Vec<u8>),
}

/// Arithmetic to be done outside of the connection.
pub struct KexJob {
    slow: bool,
    work: Box<dyn FnOnce() -> Result<Output> + Send>,
}

impl std::fmt::Debug for KexJob {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KexJob").field("slow", &self.slow).finish_non_exhaustive()
    }
}

/// A job's result, for `Connection::finish_job`.
pub struct KexJobDone {
    pub(super) output: Result<Output>,
}

impl KexJob {
    /// Takes milliseconds rather than microseconds.
    #[must_use]
    pub fn is_slow(&self) -> bool {
        self.slow
    }

    /// Does the work.
    #[must_use]
    pub fn run(self) -> KexJobDone {
        KexJobDone { output: (self.work)() }
    }

    fn new(context: &Context, work: impl FnOnce() -> Result<Output> + Send + 'static) -> Self {
        Self { slow: context.kex.slow, work: Box::new(work) }
    }

    /// Client: make the ephemeral share.
    pub(super) fn client_start(context: Arc<Context>) -> Self {
        Self::new(&context.clone(), move || {
            let share = (context.kex.start)()?;
            Ok(Output::ClientStarted(context, share))
        })
    }

    /// Client, group exchange: check the server's group and make the share in it.
    pub(super) fn client_start_in_group(context: Arc<Context>) -> Self {
        Self::new(&context.clone(), move || {
            let wanted = context.group.as_ref().ok_or_else(|| Error::from(ErrorKind::Internal))?;
            let group = Group::from_peer(&wanted.p, &wanted.g, wanted.min, wanted.max)?;
            let share = dh::start(&group)?;
            Ok(Output::ClientStarted(context, share))
        })
    }

    /// Client: verify the server's signature and compute the secret.
    pub(super) fn client_finish(
        context: Arc<Context>,
        share: Box<dyn ClientShare>,
        host_key: Vec<u8>,
        server_public: Vec<u8>,
        signature: Vec<u8>,
    ) -> Self {
        Self::new(&context.clone(), move || {
            let (key, certificate) = identity(context.host_key, &host_key)?;
            let client_public = share.public().to_vec();
            let secret = encode_secret(context.kex, &share.finish(&server_public)?);
            let hash = exchange_hash(&context, &host_key, &client_public, &server_public, &secret);
            // `verify` also checks that key, algorithm and signature are of one type.
            key.verify(context.host_key.signs_with(), &hash, &signature)?;
            Ok(Output::ClientFinished(Agreed { secret, hash, shown: host_key, signature }, key, certificate))
        })
    }

    /// Server: compute the secret, sign, and write the reply.
    pub(super) fn server_finish(
        context: Arc<Context>,
        key: PrivateKey,
        group: Option<Arc<Group>>,
        client_public: Vec<u8>,
    ) -> Self {
        // A key that is held elsewhere takes as long as its holder likes.
        let slow = context.kex.slow || key.is_external();
        let work = move || {
            let ServerShare { public, secret } = match &group {
                None => (context.kex.respond)(&client_public)?,
                Some(group) => dh::respond(group, &client_public)?,
            };
            let secret = encode_secret(context.kex, &secret);
            let blob = match context.host_key.is_certificate() {
                true => key.shown_blob(),
                false => key.public().blob(),
            };
            let hash = exchange_hash(&context, blob, &client_public, &public, &secret);
            let signature = key.sign(context.host_key.signs_with(), &hash)?;
            let reply = match context.kex.flow {
                KexFlow::Octets => KexEcdhReply::new(blob, &public, &signature).to_vec(),
                KexFlow::Dh => KexDhReply::new(blob, &public, &signature).to_vec(),
                KexFlow::GroupExchange => KexDhGexReply::new(blob, &public, &signature).to_vec(),
            };
            let shown = blob.to_vec();
            Ok(Output::ServerFinished(Agreed { secret, hash, shown, signature }, reply))
        };
        Self { slow, work: Box::new(work) }
    }
}

/// The server's key as the algorithm has it: a certificate's name asks for a certificate, a plain one for none.
fn identity(algorithm: &SignatureInfo, blob: &[u8]) -> Result<(PublicKey, Option<Certificate>)> {
    if !algorithm.is_certificate() {
        return Ok((PublicKey::parse(blob)?, None));
    }
    let certificate = Certificate::parse(blob)?;
    Ok((certificate.key().clone(), Some(certificate)))
}
