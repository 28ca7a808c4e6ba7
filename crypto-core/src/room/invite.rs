//! The secret of a join method, and the link that carries it.

use rand_core::CryptoRngCore;
use zeroize::Zeroizing;

use super::{
    JoinError,
    state::{self, JoinMethod, method_id},
};
use crate::{
    hpke::HpkePrivateKey,
    ids::{AccountId, RoomId},
    secret::SymmetricKey,
};

/// Bytes of a link before base64url: version, room id, seed, first half of the creator's fingerprint.
pub const LINK_BYTES: usize = 1 + 16 + 32 + 16;

/// `jsk`: the 32-byte seed of a join method. It lives in a link's fragment, and sealed with its creator; never in a commit.
#[derive(Debug, Clone)]
pub struct JoinSecret {
    seed: SymmetricKey,
}

impl JoinSecret {
    /// A new secret.
    pub fn generate(rng: &mut dyn CryptoRngCore) -> Self {
        Self { seed: SymmetricKey::random(rng) }
    }

    /// The secret with this seed.
    pub fn from_seed(seed: SymmetricKey) -> Self {
        Self { seed }
    }

    /// The seed, for the link and for the creator's account data.
    pub fn seed(&self) -> &SymmetricKey {
        &self.seed
    }

    pub(super) fn private_key(&self) -> Result<HpkePrivateKey, JoinError> {
        HpkePrivateKey::from_seed(&self.seed.derive("Waxwing 1 join key", &[]))
            .map_err(|_| JoinError::BadLink)
    }

    /// The method that goes into the room state; it does not expire.
    ///
    /// # Errors
    /// [`JoinError::BadLink`] when no key pair can be derived.
    pub fn method(&self, kind: state::JoinKind, creator: AccountId) -> Result<JoinMethod, JoinError> {
        Ok(JoinMethod { kind, key: self.private_key()?.public().clone(), creator, expires_ms: None })
    }

    /// Id of the method, 32 bytes.
    ///
    /// # Errors
    /// [`JoinError::BadLink`] when no key pair can be derived.
    pub fn method_id(&self) -> Result<[u8; 32], JoinError> {
        Ok(method_id(self.private_key()?.public()))
    }

    /// What whoever joins shows the relay, 32 bytes; the relay keeps only its SHA-256.
    pub fn relay_token(&self) -> SymmetricKey {
        self.seed.derive("Waxwing 1 join token", &[])
    }
}

/// An invite link: room, secret, and the first 16 bytes of its creator's fingerprint.
#[derive(Debug, Clone)]
pub struct InviteLink {
    /// The room.
    pub room: RoomId,
    /// The secret.
    pub secret: JoinSecret,
    /// First 16 bytes of the creator's fingerprint.
    pub creator: [u8; 16],
}

impl InviteLink {
    /// [`LINK_BYTES`] bytes, to be shown as base64url in the fragment of a URL, which browsers do not send.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(vec![1]);
        bytes.extend_from_slice(self.room.as_bytes());
        bytes.extend_from_slice(self.secret.seed.expose());
        bytes.extend_from_slice(&self.creator);
        bytes
    }

    /// Reads a link.
    ///
    /// # Errors
    /// [`JoinError::BadLink`] when it is cut short, mistyped or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, JoinError> {
        let rest = bytes.strip_prefix(&[1]).ok_or(JoinError::BadLink)?;
        let (room, rest) = rest.split_first_chunk::<16>().ok_or(JoinError::BadLink)?;
        let (seed, rest) = rest.split_first_chunk::<32>().ok_or(JoinError::BadLink)?;
        let creator = <[u8; 16]>::try_from(rest).map_err(|_| JoinError::BadLink)?;
        let secret = JoinSecret::from_seed(SymmetricKey::from_bytes(*seed));
        Ok(Self { room: RoomId(*room), secret, creator })
    }
}

/// First 16 bytes of a fingerprint, as links carry them.
pub fn short_fingerprint(fingerprint: &[u8; 32]) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(fingerprint.split_at(16).0);
    short
}

/// SHA-256 of a relay token, as the relay keeps it.
pub fn token_hash(token: &SymmetricKey) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(token.expose()).into()
}
