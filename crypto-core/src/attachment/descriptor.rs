//! What a message says about a file.

use minicbor::{Decode, Encode};

use super::{FileKey, FileSuite, MAX_FILE_BYTES};
use crate::{
    codec::{cbor_byte_string, short_hex},
    room::codec,
    secret::SymmetricKey,
};

/// Longest name of a file in characters.
pub const NAME_CHARS: usize = 255;
/// Longest media type in bytes (RFC 6838 section 4.2).
pub const MEDIA_TYPE_BYTES: usize = 127;
/// Longest thumbnail in bytes: 32 KiB.
pub const THUMBNAIL_BYTES: usize = 32 * 1024;

/// A blob at the relay: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(
    /// The bytes.
    pub [u8; 16],
);

impl std::fmt::Debug for BlobId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BlobId({})", short_hex(&self.0))
    }
}

cbor_byte_string!(BlobId, 16);

/// A small picture, part of the message.
#[derive(Clone, PartialEq, Eq)]
pub struct Thumbnail(
    /// At most [`THUMBNAIL_BYTES`].
    pub Vec<u8>,
);

impl std::fmt::Debug for Thumbnail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Thumbnail({} bytes)", self.0.len())
    }
}

impl<C> Encode<C> for Thumbnail {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.bytes(&self.0)?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Thumbnail {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.bytes().map(|bytes| Self(bytes.to_vec()))
    }
}

/// A file as the signed message names it.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// How to decrypt it.
    pub file: FileKey,
    /// Where it is.
    pub blob: BlobId,
    /// What it is called: 1 to [`NAME_CHARS`] characters, no path and no control characters.
    pub name: String,
    /// Media type, such as `image/png`: ASCII, at most [`MEDIA_TYPE_BYTES`]. The author's claim; nothing may be run because of it.
    pub media_type: String,
    /// Width of a picture or film in pixels.
    pub width: Option<u32>,
    /// Height of a picture or film in pixels.
    pub height: Option<u32>,
    /// Duration of sound or film in milliseconds.
    pub duration_ms: Option<u64>,
    /// A small picture of it.
    pub thumbnail: Option<Thumbnail>,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { file, blob, name: _, media_type: _, width: _, height: _, duration_ms: _, thumbnail: _ } =
            self;
        write!(f, "Attachment({blob:?}, {file:?})")
    }
}

/// The description of a file breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no description of a file")]
pub struct DescriptorError;

#[derive(Encode, Decode)]
struct Plain {
    #[n(0)]
    key: SymmetricKey,
    #[n(1)]
    blob: BlobId,
    #[n(2)]
    suite: u8,
    #[n(3)]
    content_bytes: u64,
    #[cbor(n(4), with = "crate::room::codec::array32")]
    sha256: [u8; 32],
    #[n(5)]
    name: String,
    #[n(6)]
    media_type: String,
    #[n(7)]
    width: Option<u32>,
    #[n(8)]
    height: Option<u32>,
    #[n(9)]
    duration_ms: Option<u64>,
    #[n(10)]
    thumbnail: Option<Thumbnail>,
}

impl Attachment {
    /// `[key, blob, suite, length, SHA-256, name, media type, width, height, duration (ms), thumbnail]`, for the body of a message.
    ///
    /// # Errors
    /// [`DescriptorError`] when a limit is broken.
    pub fn encode(&self) -> Result<zeroize::Zeroizing<Vec<u8>>, DescriptorError> {
        let Self { file, blob, name, media_type, width, height, duration_ms, thumbnail } = self.clone();
        let FileKey { key, suite, content_bytes, sha256 } = file;
        let plain = Plain {
            key,
            blob,
            suite: suite as u8,
            content_bytes,
            sha256,
            name,
            media_type,
            width,
            height,
            duration_ms,
            thumbnail,
        };
        if plain.is_fine() { Ok(codec::encode_secret(&plain)) } else { Err(DescriptorError) }
    }

    /// Reads what [`Attachment::encode`] wrote.
    ///
    /// # Errors
    /// [`DescriptorError`] for everything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DescriptorError> {
        let plain: Plain = codec::decode(bytes).map_err(|_| DescriptorError)?;
        let suite = FileSuite::from_number(plain.suite).filter(|_| plain.is_fine()).ok_or(DescriptorError)?;
        let Plain { key, blob, content_bytes, sha256, name, media_type, width, height, .. } = plain;
        Ok(Self {
            file: FileKey { key, suite, content_bytes, sha256 },
            blob,
            name,
            media_type,
            width,
            height,
            duration_ms: plain.duration_ms,
            thumbnail: plain.thumbnail,
        })
    }
}

impl Plain {
    fn is_fine(&self) -> bool {
        let name = is_file_name(&self.name);
        let media_type = self.media_type.len() <= MEDIA_TYPE_BYTES
            && self.media_type.bytes().all(|b| b.is_ascii_graphic());
        let thumbnail = self.thumbnail.as_ref().is_none_or(|picture| picture.0.len() <= THUMBNAIL_BYTES);
        name && media_type && thumbnail && self.content_bytes <= MAX_FILE_BYTES
    }
}

/// A name that is no path and cannot turn a line of text around (U+202E makes `gpj.exe` look like `exe.jpg`).
fn is_file_name(name: &str) -> bool {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    (1..=NAME_CHARS).contains(&name.chars().count())
        && !name.chars().any(|c| hidden(c) || matches!(c, '/' | '\\'))
        && !matches!(name, "." | "..")
}
