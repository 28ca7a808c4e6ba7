//! CBOR helpers shared by every encoded type.

use minicbor::Decode;

/// Implements `Encode` and `Decode` for a newtype over `[u8; N]` as a CBOR byte string of exactly `N` bytes.
macro_rules! cbor_byte_string {
    ($name:ident, $len:literal) => {
        impl<C> minicbor::Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> minicbor::Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                $crate::codec::exact_bytes::<$len>(d).map(Self)
            }
        }
    };
}
pub(crate) use cbor_byte_string;

/// Reads a definite-length CBOR byte string of exactly `N` bytes.
pub(crate) fn exact_bytes<const N: usize>(
    d: &mut minicbor::Decoder<'_>,
) -> Result<[u8; N], minicbor::decode::Error> {
    let at = d.position();
    <[u8; N]>::try_from(d.bytes()?)
        .map_err(|_| minicbor::decode::Error::message("byte string of the wrong length").at(at))
}

/// Decodes one value that must be all of `bytes`: trailing bytes would let two encodings mean the same.
pub(crate) fn from_cbor<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, minicbor::decode::Error> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode()?;
    if decoder.position() == bytes.len() {
        Ok(value)
    } else {
        Err(minicbor::decode::Error::message("bytes after the value").at(decoder.position()))
    }
}

/// The first four bytes in hexadecimal: enough to tell values apart in a log.
pub(crate) fn short_hex(bytes: &[u8]) -> String {
    let head: Vec<u8> = bytes.iter().take(4).copied().collect();
    let mut text = data_encoding::HEXLOWER.encode(&head);
    if bytes.len() > head.len() {
        text.push('…');
    }
    text
}
