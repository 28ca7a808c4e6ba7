//! Reading and writing cases.

use data_encoding::HEXLOWER;
use rand_core::{CryptoRng, RngCore};
use serde_json::{Value, json};

use crate::ids::{AccountId, EpochId, RoomId};
use crate::label::hash;
use crate::room::LogHead;
use crate::secret::SymmetricKey;

/// Why a case did not pass.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The code refused it, with this error; a case may expect that.
    Refused(String),
    /// A value differs or the case is malformed; no case may expect that.
    Broken(String),
}

/// The refusal by an error of ours.
pub(crate) fn refused(error: impl std::error::Error) -> Failure {
    Failure::Refused(error.to_string())
}

/// A case that cannot be run or made.
pub(crate) fn broken(what: &str) -> Failure {
    Failure::Broken(what.to_owned())
}

/// One case: named values, bytes in hexadecimal.
pub(crate) struct Case<'a>(pub(crate) &'a Value);

impl<'a> Case<'a> {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    pub(crate) fn text(&self, name: &str) -> Result<&'a str, Failure> {
        self.0.get(name).and_then(Value::as_str).ok_or_else(|| Failure::Broken(format!("no text {name}")))
    }

    pub(crate) fn number(&self, name: &str) -> Result<u64, Failure> {
        self.0.get(name).and_then(Value::as_u64).ok_or_else(|| Failure::Broken(format!("no number {name}")))
    }

    pub(crate) fn number_u32(&self, name: &str) -> Result<u32, Failure> {
        u32::try_from(self.number(name)?).map_err(|_| Failure::Broken(format!("{name} is too large")))
    }

    pub(crate) fn list(&self, name: &str) -> Result<&'a [Value], Failure> {
        let list = self.0.get(name).and_then(Value::as_array);
        list.map(Vec::as_slice).ok_or_else(|| Failure::Broken(format!("no list {name}")))
    }

    pub(crate) fn bytes(&self, name: &str) -> Result<Vec<u8>, Failure> {
        from_hex(self.text(name)?)
    }

    pub(crate) fn array<const N: usize>(&self, name: &str) -> Result<[u8; N], Failure> {
        let bytes = self.bytes(name)?;
        bytes.try_into().map_err(|_| Failure::Broken(format!("{name} does not have {N} bytes")))
    }

    pub(crate) fn account(&self, name: &str) -> Result<AccountId, Failure> {
        self.array(name).map(AccountId)
    }

    pub(crate) fn room(&self) -> Result<RoomId, Failure> {
        self.array("room").map(RoomId)
    }

    pub(crate) fn epoch(&self, name: &str) -> Result<EpochId, Failure> {
        self.array(name).map(EpochId)
    }

    /// The log position of the members `seq` and `hash`.
    pub(crate) fn head(&self) -> Result<LogHead, Failure> {
        Ok(LogHead { seq: self.number("seq")?, hash: self.array("hash")? })
    }

    pub(crate) fn key(&self, name: &str) -> Result<SymmetricKey, Failure> {
        self.array(name).map(SymmetricKey::from_bytes)
    }

    /// Compares what was computed with the bytes of the case.
    pub(crate) fn expect_bytes(&self, name: &str, computed: &[u8]) -> Result<(), Failure> {
        if self.bytes(name)? == computed {
            Ok(())
        } else {
            Err(Failure::Broken(format!("{name} differs: computed {}", hex(computed))))
        }
    }

    /// The randomness of the case.
    pub(crate) fn playback(&self, name: &str) -> Result<Playback, Failure> {
        self.bytes(name).map(Playback::new)
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

pub(crate) fn from_hex(text: &str) -> Result<Vec<u8>, Failure> {
    HEXLOWER.decode(text.as_bytes()).map_err(|error| Failure::Broken(format!("not hexadecimal: {error}")))
}

/// A copy of a case under another name, with values replaced or (by null) taken away.
pub(crate) fn variant(case: &Value, name: &str, expect: &str, changes: Value) -> Value {
    let mut copy = case.clone();
    if let (Some(members), Value::Object(changes)) = (copy.as_object_mut(), changes) {
        members.insert("name".into(), json!(name));
        members.insert("expect".into(), json!(expect));
        for (key, value) in changes {
            if value.is_null() {
                members.remove(&key)
            } else {
                members.insert(key, value)
            };
        }
    }
    copy
}

/// `bytes` with the lowest bit of one byte flipped, in hexadecimal.
pub(crate) fn flipped(bytes: &[u8], at: usize) -> String {
    let mut changed = bytes.to_vec();
    if let Some(byte) = changed.get_mut(at) {
        *byte ^= 1;
    }
    hex(&changed)
}

/// 32 fixed bytes that belong to a name.
pub(crate) fn fixed(name: &str) -> [u8; 32] {
    hash("Waxwing 1 vectors", &[name.as_bytes()])
}

/// As many fixed bytes that belong to a name.
pub(crate) fn fixed_bytes(name: &str, len: usize) -> Vec<u8> {
    (0u32..)
        .flat_map(|block| hash("Waxwing 1 vectors", &[name.as_bytes(), &block.to_be_bytes()]))
        .take(len)
        .collect()
}

/// A generator that gives out recorded bytes.
pub(crate) struct Playback {
    bytes: Vec<u8>,
    used: usize,
    exhausted: bool,
}

impl Playback {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, used: 0, exhausted: false }
    }

    /// What was given out so far, to be recorded in a case.
    pub(crate) fn taken(&self) -> Result<&[u8], Failure> {
        self.bytes.get(..self.used).filter(|_| !self.exhausted).ok_or_else(|| broken("randomness ran out"))
    }

    /// Checks that exactly the recorded bytes were used.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        if self.taken()?.len() == self.bytes.len() { Ok(()) } else { Err(broken("randomness left over")) }
    }
}

impl RngCore for Playback {
    fn next_u32(&mut self) -> u32 {
        rand_core::impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        rand_core::impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, out: &mut [u8]) {
        let end = self.used.saturating_add(out.len());
        match self.bytes.get(self.used..end) {
            Some(bytes) => out.copy_from_slice(bytes),
            None => {
                // Noted, and reported by `taken`: a generator has no way to fail.
                out.fill(0);
                self.exhausted = true;
            }
        }
        self.used = end;
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), rand_core::Error> {
        self.fill_bytes(out);
        Ok(())
    }
}

impl CryptoRng for Playback {}
