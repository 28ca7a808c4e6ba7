//! CBOR encoding and strict decoding.

use std::convert::Infallible;

/// Why bytes are not the value that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// Not CBOR of the expected shape.
    #[error("malformed: {0}")]
    Malformed(#[from] minicbor::decode::Error),
    /// A whole value, followed by something else.
    #[error("trailing bytes after the value")]
    Trailing,
}

/// Encodes a value. Writing to memory cannot fail.
pub fn encode<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    let done: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut out);
    debug_assert!(done.is_ok(), "our Encode implementations raise no errors of their own");
    out
}

/// Decodes exactly one value that fills `bytes`.
///
/// # Errors
/// [`DecodeError`] when the bytes are malformed, cut short, or longer than the value.
pub fn decode<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode()?;
    if decoder.position() == bytes.len() { Ok(value) } else { Err(DecodeError::Trailing) }
}
