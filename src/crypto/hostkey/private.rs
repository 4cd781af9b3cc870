//! Private keys.

use super::{ecdsa, ed25519, rsa, signature_blob, Curve, PublicKey};
use crate::crypto::cert::Certificate;
use crate::crypto::rng::system_bytes;
use crate::error::{printable, Error, ErrorKind, Result};
use crate::wire::Reader;
use std::fmt;
use std::sync::Arc;
use zeroize::Zeroizing;

/// A private key. Cheap to clone, usable from any thread; the secret is wiped with the last clone (see
/// `docs/DEPENDENCIES.md` for what ring keeps of RSA keys).
#[derive(Clone)]
pub struct PrivateKey {
    inner: Arc<Inner>,
    certificate: Option<Certificate>,
}

struct Inner {
    public: PublicKey,
    secret: Secret,
}

enum Secret {
    Ed25519(ed25519::Secret),
    Ecdsa(ecdsa::Secret),
    Rsa(Box<rsa::Secret>),
    Elsewhere(Arc<dyn Signer>),
}

/// Who holds a private half that is not in this process: an agent, a token, a service.
pub trait Signer: Send + Sync {
    /// Makes the signature blob (`string algorithm, string signature`) over `data`. May block, and is called with no
    /// lock held. `algorithm` is one of the public key's.
    ///
    /// Errors: `SignRefused` where the holder does not want to, or whatever kept it from signing.
    fn sign(&self, algorithm: &str, data: &[u8]) -> Result<Vec<u8>>;
}

/// The numbers of a key, for a file that is to hold them: big-endian magnitudes.
pub(in crate::crypto) enum Parts<'a> {
    Ed25519 {
        seed: &'a [u8],
        public: &'a [u8],
    },
    Ecdsa {
        curve: Curve,
        /// At its full width.
        scalar: &'a [u8],
        point: &'a [u8],
    },
    Rsa {
        n: &'a [u8],
        e: &'a [u8],
        d: &'a [u8],
        p: &'a [u8],
        q: &'a [u8],
        dp: &'a [u8],
        dq: &'a [u8],
        coefficient: &'a [u8],
    },
}

impl PrivateKey {
    /// Lends the key's numbers out, which are wiped afterwards. `KeyNotExportable` where they are not here.
    pub(in crate::crypto) fn with_parts<T>(&self, take: impl FnOnce(Parts<'_>) -> T) -> Result<T> {
        match &self.inner.secret {
            Secret::Ed25519(key) => Ok(key.with_parts(self.public(), take)),
            Secret::Ecdsa(key) => Ok(key.with_parts(take)),
            Secret::Rsa(key) => key.with_parts(take).ok_or_else(|| ErrorKind::Internal.into()),
            Secret::Elsewhere(_) => Err(ErrorKind::KeyNotExportable.into()),
        }
    }

    /// A key whose private half is held by `signer`. It is used like any other; only writing it is
    /// `KeyNotExportable`.
    #[must_use]
    pub fn external(public: PublicKey, signer: Arc<dyn Signer>) -> Self {
        Self { inner: Arc::new(Inner { public, secret: Secret::Elsewhere(signer) }), certificate: None }
    }

    /// Whether the private half is held elsewhere, so that signing may block for as long as its holder likes.
    #[must_use]
    pub fn is_external(&self) -> bool {
        matches!(self.inner.secret, Secret::Elsewhere(_))
    }

    /// A new ed25519 key.
    pub fn generate_ed25519() -> Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        system_bytes(seed.as_mut_slice());
        Self::from_ed25519_seed(seed)
    }

    /// A new ECDSA key.
    pub fn generate_ecdsa(curve: Curve) -> Result<Self> {
        let (secret, blob) = ecdsa::Secret::generate(curve)?;
        Self::join(Secret::Ecdsa(secret), &blob)
    }

    /// A new RSA key of 2048 to 16384 bits (others are `InvalidArgument`). Takes from a second to minutes.
    pub fn generate_rsa(bits: u32) -> Result<Self> {
        let (secret, blob) = rsa::Secret::generate(bits)?;
        Self::join(Secret::Rsa(Box::new(secret)), &blob)
    }

    /// The ed25519 key of a seed (RFC 8032 section 5.1.5).
    pub fn from_ed25519_seed(seed: Zeroizing<[u8; 32]>) -> Result<Self> {
        let secret = ed25519::Secret::new(seed);
        let blob = secret.public_blob()?;
        Self::join(Secret::Ed25519(secret), &blob)
    }

    /// The ECDSA key of a scalar (big-endian magnitude) and its uncompressed point. Halves that do not belong
    /// together are `KeyCorrupt`.
    pub fn from_ecdsa(curve: Curve, scalar: &[u8], point: &[u8]) -> Result<Self> {
        // The point is checked first, by parsing it as a public key.
        let public = PublicKey::parse(&curve.blob(point))?;
        let secret = ecdsa::Secret::new(curve, scalar, point)?;
        Ok(Self { inner: Arc::new(Inner { public, secret: Secret::Ecdsa(secret) }), certificate: None })
    }

    /// The RSA key of its numbers. Numbers that do not belong together are `KeyCorrupt`.
    pub(in crate::crypto) fn from_rsa(numbers: &rsa::Numbers<'_>) -> Result<Self> {
        let (secret, blob) = rsa::Secret::new(numbers)?;
        Self::join(Secret::Rsa(Box::new(secret)), &blob)
    }

    fn join(secret: Secret, blob: &[u8]) -> Result<Self> {
        Ok(Self { inner: Arc::new(Inner { public: PublicKey::parse(blob)?, secret }), certificate: None })
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.inner.public
    }

    /// This key with a certificate to show for it; one it had before is replaced. The secret is shared with `self`,
    /// which stays as it is.
    ///
    /// Errors: `CertKeyMismatch` where the certificate is for another key.
    pub fn with_certificate(&self, certificate: Certificate) -> Result<Self> {
        certificate.check_key(self.public())?;
        Ok(Self { inner: Arc::clone(&self.inner), certificate: Some(certificate) })
    }

    /// A key that shows another's certificate.
    #[cfg(test)]
    pub fn with_stolen_certificate(&self, certificate: Certificate) -> Self {
        Self { inner: Arc::clone(&self.inner), certificate: Some(certificate) }
    }

    /// The certificate to show for it.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// What is shown to the peer: the certificate's blob where there is one, otherwise the public key's.
    #[must_use]
    pub fn shown_blob(&self) -> &[u8] {
        self.certificate.as_ref().map_or(self.public().blob(), Certificate::blob)
    }

    /// The algorithm names under which [`PrivateKey::shown_blob`] is shown, most preferred first. Signatures are made
    /// with the algorithm below a certificate's ([`crate::crypto::registry::SignatureInfo::signs_with`]).
    #[must_use]
    pub fn shown_algorithms(&self) -> &'static [&'static str] {
        match &self.certificate {
            Some(certificate) => certificate.signature_algorithms(),
            None => self.public().signature_algorithms(),
        }
    }

    /// Signs `data`; gives the signature blob (`string algorithm, string signature`).
    ///
    /// Blocks where the key is [`PrivateKey::external`], whose signatures are verified before they are given out.
    ///
    /// Errors: `InvalidArgument` where the key's type does not make this algorithm; `Internal` where signing fails;
    /// those of a [`Signer`], and `SignerFault` where what it gave is no signature by this key.
    pub fn sign(&self, algorithm: &str, data: &[u8]) -> Result<Vec<u8>> {
        if !self.public().signature_algorithms().contains(&algorithm) {
            let text = format!(
                "a {} key makes no \"{}\" signatures",
                self.public().key_type(),
                printable(algorithm.as_bytes())
            );
            return Err(Error::new(ErrorKind::InvalidArgument, text));
        }
        let signature = match &self.inner.secret {
            Secret::Ed25519(key) => key.sign(data)?,
            Secret::Ecdsa(key) => key.sign(data)?,
            Secret::Rsa(key) => key.sign(algorithm, data)?,
            Secret::Elsewhere(signer) => return self.sign_elsewhere(signer.as_ref(), algorithm, data),
        };
        let blob = signature_blob(algorithm, &signature);
        if matches!(self.inner.secret, Secret::Rsa(_)) {
            // A faulty CRT computation gives the factors away to whoever sees the signature: it must not leave.
            self.public()
                .verify(algorithm, data, &blob)
                .map_err(|_| Error::new(ErrorKind::Internal, "the RSA signature just made does not verify"))?;
        }
        Ok(blob)
    }

    /// A wrong signature would end a connection, or say to a peer that the key was not held; and a holder that made
    /// one of another algorithm (SHA-1, for an RSA key) must not have its way.
    fn sign_elsewhere(&self, signer: &dyn Signer, algorithm: &str, data: &[u8]) -> Result<Vec<u8>> {
        let blob = signer.sign(algorithm, data)?;
        let fault = |text: String| Error::new(ErrorKind::SignerFault, text);
        let name = Reader::new(&blob).string().map_err(|_| fault("the key's holder gave no signature blob".into()))?;
        if name != algorithm.as_bytes() {
            let text = format!("the key's holder signed with \"{}\" in place of \"{algorithm}\"", printable(name));
            return Err(fault(text));
        }
        // Whether an authenticator must have been touched is for the server to say.
        let verified = match self.public().is_sk() {
            true => self.public().verify_sk(algorithm, data, &blob).map(drop),
            false => self.public().verify(algorithm, data, &blob),
        };
        verified.map_err(|_| fault("the signature that the key's holder gave does not verify".into()))?;
        Ok(blob)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} {})", self.public().key_type(), self.public().fingerprint_sha256())
    }
}
