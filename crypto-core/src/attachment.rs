//! Attachments: files of any size, encrypted and decrypted one chunk at a time in little memory.
//!
//! ```text
//! header = version (1) | suite (1) | nonce prefix (7)
//! k      = Derive(key of the file, "Waxwing 1 attachment", version, suite, nonce prefix)
//! padded = content | zeros, up to the next length of the padding rule
//! chunk  = AEAD(k, nonce = prefix | number of the chunk (u32) | 1 for the last one, else 0, next 1 MiB of padded or what is left)
//! blob   = header | chunk | chunk | ...
//! ```
//! This is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", section 7):
//! chunks cannot be left out, repeated, put in another order or cut off. Every file has a fresh key, which only the signed message about it
//! tells, with the file's true length and the hash of the blob ([`Attachment`]).

mod descriptor;

use aes_gcm::Aes256Gcm;
use chacha20poly1305::{
    ChaCha20Poly1305, KeyInit,
    aead::{
        generic_array::GenericArray,
        stream::{NewStream, StreamBE32, StreamPrimitive},
    },
};
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{padding, secret::SymmetricKey};

pub use descriptor::{
    Attachment, BlobId, DescriptorError, MEDIA_TYPE_BYTES, NAME_CHARS, THUMBNAIL_BYTES, Thumbnail,
};

const VERSION: u8 = 1;
const PREFIX_BYTES: usize = 7;
/// Bytes in front of the first chunk.
pub const HEADER_BYTES: usize = 2 + PREFIX_BYTES;
/// Bytes of padded content in every chunk but the last.
pub const CHUNK_BYTES: usize = 1024 * 1024;
/// Bytes that encryption adds to a chunk.
pub const TAG_BYTES: usize = 16;
/// Longest file in bytes: 16 GiB.
pub const MAX_FILE_BYTES: u64 = 16 * 1024 * 1024 * 1024;
const CHUNK: u64 = CHUNK_BYTES as u64;

/// AEAD of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FileSuite {
    /// ChaCha20-Poly1305 (RFC 8439).
    ChaCha20Poly1305 = 1,
    /// AES-256-GCM (NIST SP 800-38D), which browsers have in WebCrypto.
    Aes256Gcm = 2,
}

impl FileSuite {
    /// The suite of a number; `None` if there is none.
    pub fn from_number(number: u8) -> Option<Self> {
        [Self::ChaCha20Poly1305, Self::Aes256Gcm].into_iter().find(|suite| *suite as u8 == number)
    }
}

/// Why a file is not encrypted or decrypted any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// More than [`MAX_FILE_BYTES`].
    #[error("the file is too long")]
    TooLong,
    /// The caller gave another number of bytes than asked for: the file changed while it was read.
    #[error("the file does not have the length that was given")]
    Length,
    /// Altered, cut off, in another order, of another file or another version.
    #[error("the file was altered")]
    Altered,
}

/// Bytes of a file's blob at the relay; `None` above [`MAX_FILE_BYTES`].
pub fn blob_bytes(content_bytes: u64) -> Option<u64> {
    let layout = Layout::of(content_bytes)?;
    let tags = u64::from(layout.chunks).checked_mul(TAG_BYTES as u64)?;
    layout.padded.checked_add(tags)?.checked_add(HEADER_BYTES as u64)
}

/// How a file is cut.
#[derive(Debug, Clone, Copy)]
struct Layout {
    content: u64,
    padded: u64,
    chunks: u32,
}

impl Layout {
    fn of(content: u64) -> Option<Self> {
        if content > MAX_FILE_BYTES {
            return None;
        }
        let padded = padding::round_up(content)?;
        Some(Self { content, padded, chunks: u32::try_from(padded.div_ceil(CHUNK)).ok()? })
    }

    /// Bytes of content and of padding in a chunk; `None` behind the last.
    fn chunk(&self, number: u32) -> Option<(usize, usize)> {
        if number >= self.chunks {
            return None;
        }
        let start = u64::from(number).checked_mul(CHUNK)?;
        let all = self.padded.checked_sub(start)?.min(CHUNK);
        let content = self.content.saturating_sub(start).min(all);
        Some((usize::try_from(content).ok()?, usize::try_from(all.checked_sub(content)?).ok()?))
    }

    fn is_last(&self, number: u32) -> bool {
        number.saturating_add(1) == self.chunks
    }
}

enum Stream {
    ChaCha20Poly1305(Box<StreamBE32<ChaCha20Poly1305>>),
    Aes256Gcm(Box<StreamBE32<Aes256Gcm>>),
}

impl Stream {
    fn new(key: &SymmetricKey, suite: FileSuite, prefix: [u8; PREFIX_BYTES]) -> Self {
        let key = key.derive("Waxwing 1 attachment", &[&[VERSION], &[suite as u8], &prefix]);
        let (key, prefix) = (GenericArray::from_slice(key.expose()), GenericArray::from_slice(&prefix));
        match suite {
            FileSuite::ChaCha20Poly1305 => {
                Self::ChaCha20Poly1305(Box::new(StreamBE32::from_aead(ChaCha20Poly1305::new(key), prefix)))
            }
            FileSuite::Aes256Gcm => {
                Self::Aes256Gcm(Box::new(StreamBE32::from_aead(Aes256Gcm::new(key), prefix)))
            }
        }
    }

    fn encrypt(&self, number: u32, last: bool, chunk: &mut Vec<u8>) -> Result<(), AttachmentError> {
        let done = match self {
            Self::ChaCha20Poly1305(stream) => stream.encrypt_in_place(number, last, &[], chunk),
            Self::Aes256Gcm(stream) => stream.encrypt_in_place(number, last, &[], chunk),
        };
        // Both ciphers take far more than a chunk.
        done.map_err(|_| AttachmentError::TooLong)
    }

    fn decrypt(&self, number: u32, last: bool, chunk: &mut Vec<u8>) -> Result<(), AttachmentError> {
        let done = match self {
            Self::ChaCha20Poly1305(stream) => stream.decrypt_in_place(number, last, &[], chunk),
            Self::Aes256Gcm(stream) => stream.decrypt_in_place(number, last, &[], chunk),
        };
        done.map_err(|_| AttachmentError::Altered)
    }
}

/// What has to be told about an encrypted file for it to be opened.
#[derive(Clone, PartialEq, Eq)]
pub struct FileKey {
    /// Secret of this file only.
    pub key: SymmetricKey,
    /// AEAD that it is encrypted with.
    pub suite: FileSuite,
    /// Bytes of the content.
    pub content_bytes: u64,
    /// SHA-256 of the whole blob, header included.
    pub sha256: [u8; 32],
}

impl std::fmt::Debug for FileKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key: _, suite, content_bytes, sha256: _ } = self;
        write!(f, "FileKey({suite:?}, {content_bytes} bytes)")
    }
}

/// Encrypts one file under a fresh key.
///
/// ```
/// # use waxwing_crypto_core::attachment::{AttachmentError, Decryptor, Encryptor, FileSuite};
/// # fn round_trip(file: &[u8], rng: &mut dyn rand_core::CryptoRngCore) -> Result<(), AttachmentError> {
/// let (mut encryptor, mut blob) = Encryptor::new(FileSuite::ChaCha20Poly1305, file.len() as u64, rng)?;
/// let mut rest = file;
/// while let Some(bytes) = encryptor.next_bytes() {
///     let (content, after) = rest.split_at(bytes);
///     blob.extend(encryptor.chunk(content)?);
///     rest = after;
/// }
/// let key = encryptor.finish()?;
/// # Ok(())
/// # }
/// ```
pub struct Encryptor {
    key: SymmetricKey,
    suite: FileSuite,
    stream: Stream,
    layout: Layout,
    next: u32,
    hash: Sha256,
}

impl Encryptor {
    /// Begins a file of exactly `content_bytes`, and gives the header of its blob.
    ///
    /// # Errors
    /// [`AttachmentError::TooLong`].
    pub fn new(
        suite: FileSuite,
        content_bytes: u64,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<(Self, Vec<u8>), AttachmentError> {
        let layout = Layout::of(content_bytes).ok_or(AttachmentError::TooLong)?;
        let key = SymmetricKey::random(rng);
        let mut prefix = [0; PREFIX_BYTES];
        rng.fill_bytes(&mut prefix);
        let header = [&[VERSION, suite as u8][..], &prefix].concat();
        let stream = Stream::new(&key, suite, prefix);
        let hash = Sha256::new_with_prefix(&header);
        Ok((Self { key, suite, stream, layout, next: 0, hash }, header))
    }

    /// How many bytes of the file [`Encryptor::chunk`] wants next; 0 for a chunk of padding alone, `None` after the last.
    pub fn next_bytes(&self) -> Option<usize> {
        self.layout.chunk(self.next).map(|(content, _)| content)
    }

    /// Encrypts the next bytes of the file, and gives the next chunk of its blob.
    ///
    /// # Errors
    /// [`AttachmentError::Length`] unless these are [`Encryptor::next_bytes`].
    pub fn chunk(&mut self, content: &[u8]) -> Result<Vec<u8>, AttachmentError> {
        let (wanted, zeros) = self.layout.chunk(self.next).ok_or(AttachmentError::Length)?;
        if content.len() != wanted {
            return Err(AttachmentError::Length);
        }
        let padded = wanted.saturating_add(zeros);
        // All of it is allocated at once: the content is encrypted where it lies and leaves no copy behind.
        let mut chunk = Vec::with_capacity(padded.saturating_add(TAG_BYTES));
        chunk.extend_from_slice(content);
        chunk.resize(padded, 0);
        self.stream.encrypt(self.next, self.layout.is_last(self.next), &mut chunk)?;
        self.hash.update(&chunk);
        self.next = self.next.saturating_add(1);
        Ok(chunk)
    }

    /// What to tell about the file.
    ///
    /// # Errors
    /// [`AttachmentError::Length`] before the last chunk.
    pub fn finish(self) -> Result<FileKey, AttachmentError> {
        let Self { key, suite, stream: _, layout, next, hash } = self;
        if next != layout.chunks {
            return Err(AttachmentError::Length);
        }
        Ok(FileKey { key, suite, content_bytes: layout.content, sha256: hash.finalize().into() })
    }
}

impl std::fmt::Debug for Encryptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { key: _, suite: _, stream: _, layout, next, hash: _ } = self;
        write!(f, "Encryptor(chunk {next} of {})", layout.chunks)
    }
}

/// Decrypts one file. A chunk that was refused can be given again, fetched anew.
pub struct Decryptor {
    stream: Stream,
    layout: Layout,
    next: u32,
    hash: Sha256,
    sha256: [u8; 32],
}

impl Decryptor {
    /// Begins with the first [`HEADER_BYTES`] of the blob.
    ///
    /// # Errors
    /// [`AttachmentError::Altered`] when the header is not of the file's version and suite, [`AttachmentError::TooLong`].
    pub fn new(file: &FileKey, header: &[u8]) -> Result<Self, AttachmentError> {
        let layout = Layout::of(file.content_bytes).ok_or(AttachmentError::TooLong)?;
        let (&[version, suite], prefix) = header.split_first_chunk::<2>().ok_or(AttachmentError::Altered)?;
        let prefix = <[u8; PREFIX_BYTES]>::try_from(prefix).map_err(|_| AttachmentError::Altered)?;
        if version != VERSION || suite != file.suite as u8 {
            return Err(AttachmentError::Altered);
        }
        let stream = Stream::new(&file.key, file.suite, prefix);
        Ok(Self { stream, layout, next: 0, hash: Sha256::new_with_prefix(header), sha256: file.sha256 })
    }

    /// How many bytes of the blob [`Decryptor::chunk`] wants next; `None` after the last.
    pub fn next_bytes(&self) -> Option<usize> {
        let (content, zeros) = self.layout.chunk(self.next)?;
        content.checked_add(zeros)?.checked_add(TAG_BYTES)
    }

    /// Decrypts the next chunk and gives what it holds of the file, which may be nothing at the end.
    ///
    /// # Errors
    /// [`AttachmentError::Altered`].
    pub fn chunk(&mut self, chunk: &[u8]) -> Result<Zeroizing<Vec<u8>>, AttachmentError> {
        if self.next_bytes() != Some(chunk.len()) {
            return Err(AttachmentError::Altered);
        }
        let (content, _) = self.layout.chunk(self.next).ok_or(AttachmentError::Altered)?;
        let mut plain = Zeroizing::new(chunk.to_vec());
        self.stream.decrypt(self.next, self.layout.is_last(self.next), &mut plain)?;
        if plain.iter().skip(content).any(|&byte| byte != 0) {
            return Err(AttachmentError::Altered);
        }
        plain.truncate(content);
        self.hash.update(chunk);
        self.next = self.next.saturating_add(1);
        Ok(plain)
    }

    /// Checks that this was the whole blob that the message speaks of.
    ///
    /// # Errors
    /// [`AttachmentError::Altered`].
    pub fn finish(self) -> Result<(), AttachmentError> {
        let Self { stream: _, layout, next, hash, sha256 } = self;
        let found: [u8; 32] = hash.finalize().into();
        if next == layout.chunks && found == sha256 { Ok(()) } else { Err(AttachmentError::Altered) }
    }
}

impl std::fmt::Debug for Decryptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { stream: _, layout, next, hash: _, sha256: _ } = self;
        write!(f, "Decryptor(chunk {next} of {})", layout.chunks)
    }
}

#[cfg(test)]
mod tests;
