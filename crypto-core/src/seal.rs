//! Seal: the one construction for everything symmetric.
//!
//! ```text
//! salt           = 32 random bytes
//! k_enc | k_com  = HKDF-SHA-256(ikm = key, salt, info = L("Waxwing 1 seal", suite, type, context)), 32 + 32 bytes
//! ct             = AEAD(k_enc, nonce = 0, pad(plaintext), aad = L("Waxwing 1 seal", version, suite, type, context))
//! sealed         = version (1) | suite (1) | salt (32) | k_com (32) | ct
//! ```
//!
//! Every salt gives its own key, so the fixed nonce is used once per key, and nothing has to be counted or stored.
//! `k_com` commits to the key: no sealed value opens under two keys.

use chacha20poly1305::{AeadInPlace, ChaCha20Poly1305, Key, KeyInit, Nonce, Tag};
use rand_core::CryptoRngCore;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::label::labelled;
use crate::padding::{self, MAX_CONTENT_BYTES};
use crate::secret::{SymmetricKey, hkdf_sha256};

const LABEL: &str = "Waxwing 1 seal";
const VERSION: u8 = 1;
/// ChaCha20-Poly1305 (RFC 8439). Suite 2 is reserved for AES-256-GCM and not accepted yet.
const SUITE_CHACHA20_POLY1305: u8 = 1;
const SALT_BYTES: usize = 32;
const COMMITMENT_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const HEADER_BYTES: usize = 2 + SALT_BYTES + COMMITMENT_BYTES;
/// What sealing adds to the padded plaintext, in bytes: version, suite, salt, commitment and tag.
pub const OVERHEAD_BYTES: usize = HEADER_BYTES + TAG_BYTES;
/// Longest plaintext in bytes that can be sealed: 16 MiB.
pub const MAX_PLAINTEXT_BYTES: usize = MAX_CONTENT_BYTES;

/// What a sealed value is. Bound into the key and the associated data, so that one kind never opens as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum SealType {
    /// Vault key under an unlock method.
    VaultWrap = 1,
    /// Vault under its vault key.
    Vault = 2,
    /// Entry of the account's own data.
    AccountData = 3,
    /// Private parts of a key package.
    KeyPackage = 4,
    /// Private state of a room at one epoch.
    Snapshot = 5,
    /// Entry of the keyring: one room key.
    Keyring = 6,
    /// What a device keeps for itself.
    Cache = 7,
    /// Way into a room under the export key of its password.
    RoomPassword = 8,
    /// How far the account has read in a room, and its draft.
    OwnMark = 9,
    /// Message of a room.
    Message = 16,
    /// MLS handshake of a room.
    Handshake = 17,
    /// Link from an epoch to its parent.
    HistoryLink = 18,
    /// GroupInfo and ratchet tree of an epoch.
    PublicState = 19,
    /// Ephemeral signal, never stored.
    Signal = 20,
}

#[cfg(feature = "vectors")]
impl SealType {
    /// Every type, in the order of their numbers.
    pub(crate) const ALL: [Self; 14] = [
        Self::VaultWrap,
        Self::Vault,
        Self::AccountData,
        Self::KeyPackage,
        Self::Snapshot,
        Self::Keyring,
        Self::Cache,
        Self::RoomPassword,
        Self::OwnMark,
        Self::Message,
        Self::Handshake,
        Self::HistoryLink,
        Self::PublicState,
        Self::Signal,
    ];
}

/// Why nothing was sealed: the caller asked for too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More than [`MAX_PLAINTEXT_BYTES`].
    #[error("the content is too long to be sealed")]
    TooLong,
}

/// The one failure of opening. A wrong key, context, type, version or suite and damaged or forged bytes look alike,
/// so that nobody learns which part of a forgery was right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("could not be opened")]
pub struct OpenError;

/// Seals `plaintext` under `key`.
///
/// `context` names owner, room, epoch, object and version, as far as they apply: whoever opens must name the same,
/// so the relay cannot serve one object in the place of another.
///
/// # Errors
/// [`SealError::TooLong`] above [`MAX_PLAINTEXT_BYTES`].
pub fn seal(
    key: &SymmetricKey,
    kind: SealType,
    context: &[u8],
    plaintext: &[u8],
    rng: &mut dyn CryptoRngCore,
) -> Result<Vec<u8>, SealError> {
    let padded = padding::padded_len(plaintext.len()).ok_or(SealError::TooLong)?;
    let mut salt = [0; SALT_BYTES];
    rng.fill_bytes(&mut salt);
    let keys = Keys::derive(key, kind, context, &salt);

    // All of it is allocated at once: the plaintext is encrypted where it lies and leaves no copy behind.
    let mut out = Vec::with_capacity(OVERHEAD_BYTES.saturating_add(padded));
    out.extend_from_slice(&[VERSION, SUITE_CHACHA20_POLY1305]);
    out.extend_from_slice(&salt);
    out.extend_from_slice(&keys.commitment[..]);
    if !padding::pad_into(&mut out, plaintext) {
        return Err(SealError::TooLong);
    }
    let body = out.get_mut(HEADER_BYTES..).ok_or(SealError::TooLong)?;
    // The cipher's own limit is 256 GiB, far above ours.
    let tag = cipher(&keys)
        .encrypt_in_place_detached(&Nonce::default(), &associated_data(kind, context), body)
        .map_err(|_| SealError::TooLong)?;
    out.extend_from_slice(&tag);
    Ok(out)
}

/// Opens what [`seal`] made with the same `key`, `kind` and `context`.
///
/// # Errors
/// [`OpenError`] for everything else, including values longer than [`seal`] can make.
pub fn open(
    key: &SymmetricKey,
    kind: SealType,
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, OpenError> {
    let parts = Parts::split(sealed).ok_or(OpenError)?;
    let keys = Keys::derive(key, kind, context, parts.salt);
    if !bool::from(keys.commitment[..].ct_eq(parts.commitment)) {
        return Err(OpenError);
    }
    let mut body = Zeroizing::new(parts.body.to_vec());
    cipher(&keys)
        .decrypt_in_place_detached(
            &Nonce::default(),
            &associated_data(kind, context),
            &mut body,
            Tag::from_slice(parts.tag),
        )
        .map_err(|_| OpenError)?;
    padding::unpad(&body).map(|content| Zeroizing::new(content.to_vec())).ok_or(OpenError)
}

struct Parts<'a> {
    salt: &'a [u8; SALT_BYTES],
    commitment: &'a [u8; COMMITMENT_BYTES],
    body: &'a [u8],
    tag: &'a [u8; TAG_BYTES],
}

impl<'a> Parts<'a> {
    fn split(sealed: &'a [u8]) -> Option<Self> {
        let ([version, suite], rest) = sealed.split_first_chunk::<2>()?;
        if *version != VERSION || *suite != SUITE_CHACHA20_POLY1305 {
            return None;
        }
        let (salt, rest) = rest.split_first_chunk()?;
        let (commitment, rest) = rest.split_first_chunk()?;
        let (body, tag) = rest.split_last_chunk()?;
        let longest = padding::padded_len(MAX_PLAINTEXT_BYTES)?;
        (body.len() <= longest).then_some(Self { salt, commitment, body, tag })
    }
}

struct Keys {
    encryption: Zeroizing<[u8; 32]>,
    commitment: Zeroizing<[u8; COMMITMENT_BYTES]>,
}

impl Keys {
    fn derive(key: &SymmetricKey, kind: SealType, context: &[u8], salt: &[u8; SALT_BYTES]) -> Self {
        let info = labelled(LABEL, &[&[SUITE_CHACHA20_POLY1305], &[kind as u8], context]);
        let mut both = Zeroizing::new([0; 64]);
        hkdf_sha256(salt, key.expose(), &info, &mut both[..]);
        let mut keys = Self { encryption: Zeroizing::new([0; 32]), commitment: Zeroizing::new([0; 32]) };
        let (encryption, commitment) = both.split_at(32);
        keys.encryption.copy_from_slice(encryption);
        keys.commitment.copy_from_slice(commitment);
        keys
    }
}

fn cipher(keys: &Keys) -> ChaCha20Poly1305 {
    chacha20_poly1305(&keys.encryption)
}

/// The AEAD itself.
pub(crate) fn chacha20_poly1305(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(Key::from_slice(key))
}

fn associated_data(kind: SealType, context: &[u8]) -> Vec<u8> {
    labelled(LABEL, &[&[VERSION], &[SUITE_CHACHA20_POLY1305], &[kind as u8], context])
}

#[cfg(test)]
mod tests;
