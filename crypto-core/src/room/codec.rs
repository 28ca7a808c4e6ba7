//! CBOR helpers: byte arrays as byte strings, and strict decoding.

use std::convert::Infallible;

use zeroize::Zeroizing;

/// The bytes are not exactly one canonical value of the wanted shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("malformed")]
pub(crate) struct Malformed;

/// Encodes a value; writing to memory cannot fail.
pub(crate) fn encode<T: minicbor::Encode<()>>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    let done: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut out);
    debug_assert!(done.is_ok(), "our Encode implementations raise no errors of their own");
    out
}

/// Like [`encode`], for values that hold secrets: it writes into a buffer that never grows, because growing would leave
/// copies behind.
pub(crate) fn encode_secret<T: minicbor::Encode<()>>(value: &T) -> Zeroizing<Vec<u8>> {
    let mut counted = Count(0);
    let done: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut counted);
    debug_assert!(done.is_ok(), "our Encode implementations raise no errors of their own");
    let mut out = Zeroizing::new(Vec::with_capacity(counted.0));
    let done: Result<(), minicbor::encode::Error<Infallible>> = minicbor::encode(value, &mut *out);
    debug_assert!(done.is_ok(), "our Encode implementations raise no errors of their own");
    out
}

/// Counts the bytes written to it.
struct Count(usize);

impl minicbor::encode::Write for Count {
    type Error = Infallible;

    fn write_all(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(())
    }
}

/// Decodes exactly one value that fills `bytes` and whose encoding is these very bytes, so that one value has one form.
pub(crate) fn decode<T>(bytes: &[u8]) -> Result<T, Malformed>
where
    T: for<'b> minicbor::Decode<'b, ()> + minicbor::Encode<()>,
{
    let value: T = minicbor::decode(bytes).map_err(|_| Malformed)?;
    if *encode_secret(&value) == bytes { Ok(value) } else { Err(Malformed) }
}

/// `[u8; 32]` as a CBOR byte string.
pub(crate) mod array32 {
    use minicbor::{
        Decoder, Encoder,
        decode::Error as DecodeError,
        encode::{Error as EncodeError, Write},
    };

    pub(crate) fn encode<C, W: Write>(
        value: &[u8; 32],
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(value)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<[u8; 32], DecodeError> {
        <[u8; 32]>::try_from(d.bytes()?).map_err(|_| DecodeError::message("expected 32 bytes"))
    }
}

/// `Vec<u8>` as a CBOR byte string.
pub(crate) mod bytes {
    use minicbor::{
        Decoder, Encoder,
        decode::Error as DecodeError,
        encode::{Error as EncodeError, Write},
    };

    pub(crate) fn encode<C, W: Write>(
        value: &[u8],
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(value)?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Vec<u8>, DecodeError> {
        // `bytes` borrows from the input, so a lying length fails before anything is allocated.
        Ok(d.bytes()?.to_vec())
    }
}
