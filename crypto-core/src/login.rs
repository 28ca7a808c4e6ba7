//! Login: the client half of OPAQUE (RFC 9807).
//!
//! OPRF ristretto255-SHA512, key exchange 3DH over ristretto255 with SHA-512, key stretching Argon2id with a salt of
//! 16 zero bytes (RFC 9807 section 7). What a password opens, an account or a room, is a [`Purpose`]: it gives client
//! identity and context. The server identity is `waxwing`.

use opaque_ke::errors::ProtocolError;
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialResponse, Identifiers, RegistrationResponse, Ristretto255,
    TripleDh,
};
use rand_core::CryptoRngCore;
use zeroize::Zeroize;

use crate::label::labelled;
use crate::room_password::RoomHandle;
use crate::secret::{SymmetricKey, hkdf_sha256};

const SERVER: &[u8] = b"waxwing";

/// What a password opens. A record of one purpose, and a login for one, are of no use for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// An account. The client identity is the username as the relay normalised it, the context `Waxwing 1 login`.
    Account {
        /// The name.
        username: &'a str,
    },
    /// A room with a password. The client identity is the handle, the context `Waxwing 1 room password`.
    Room {
        /// Made from the room's public name.
        handle: &'a RoomHandle,
    },
}

impl<'a> Purpose<'a> {
    fn context(self) -> &'static [u8] {
        match self {
            Self::Account { .. } => b"Waxwing 1 login",
            Self::Room { .. } => b"Waxwing 1 room password",
        }
    }

    fn identifiers(self) -> Identifiers<'a> {
        let client = match self {
            Self::Account { username } => username.as_bytes(),
            Self::Room { handle } => handle.as_bytes(),
        };
        Identifiers { client: Some(client), server: Some(SERVER) }
    }
}

/// The OPAQUE configuration; the relay has the same one.
pub(crate) struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, sha2_for_opaque::Sha512>;
    type Ksf = argon2::Argon2<'static>;
}

/// Argon2id parameters (RFC 9106), stored by the relay with each record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KsfParams {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

/// Parameters outside of [`KsfParams::FLOOR`] and [`KsfParams::CEILING`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key stretching parameters are too weak or too expensive")]
pub struct BadParams;

impl KsfParams {
    /// For new records: 64 MiB, 3 passes, 1 lane.
    pub const DEFAULT: Self = Self { memory_kib: 65_536, iterations: 3, parallelism: 1 };
    /// The least a client agrees to: 19 MiB, 2 passes. A relay that names less wants cheap guesses.
    pub const FLOOR: Self = Self { memory_kib: 19_456, iterations: 2, parallelism: 1 };
    /// The most a client agrees to: 256 MiB, 10 passes, 4 lanes. A relay that names more wants the client to hang.
    pub const CEILING: Self = Self { memory_kib: 262_144, iterations: 10, parallelism: 4 };

    /// Checks each parameter against floor and ceiling.
    ///
    /// # Errors
    /// [`BadParams`] when one is outside.
    pub fn check(&self) -> Result<(), BadParams> {
        let Self { memory_kib, iterations, parallelism } = self;
        let fine = (Self::FLOOR.memory_kib..=Self::CEILING.memory_kib).contains(memory_kib)
            && (Self::FLOOR.iterations..=Self::CEILING.iterations).contains(iterations)
            && (Self::FLOOR.parallelism..=Self::CEILING.parallelism).contains(parallelism);
        if fine { Ok(()) } else { Err(BadParams) }
    }

    fn argon2(&self) -> Result<argon2::Argon2<'static>, BadParams> {
        self.check()?;
        let params = argon2::Params::new(self.memory_kib, self.iterations, self.parallelism, None)
            .map_err(|_| BadParams)?;
        Ok(argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params))
    }
}

impl Default for KsfParams {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// RegistrationResponse: an evaluated element and the relay's public key.
const REGISTRATION_RESPONSE_BYTES: usize = 64;
/// KE2: element, masking nonce, masked response, server nonce, key share and MAC.
const KE2_BYTES: usize = 320;
/// Longest password in bytes; an OPRF input may have 65535 (RFC 9497 section 1.2), nobody types that.
pub const MAX_PASSWORD_BYTES: usize = 4096;

/// The password has more than [`MAX_PASSWORD_BYTES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password is too long")]
pub struct PasswordTooLong;

/// Why a registration did not finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    /// The relay's response is none.
    #[error("the relay's response is malformed")]
    Malformed,
    /// [`KsfParams::check`] refuses the parameters.
    #[error(transparent)]
    BadParams(#[from] BadParams),
}

/// Why a login did not finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The password is another one, or there is no such account or room: by design these look alike. So does a relay
    /// that is not the one of the registration, or that names other parameters.
    #[error("wrong name or password")]
    WrongPassword,
    /// The relay's response is none.
    #[error("the relay's response is malformed")]
    Malformed,
    /// [`KsfParams::check`] refuses the parameters.
    #[error(transparent)]
    BadParams(#[from] BadParams),
}

/// A registration, or password change, that waits for the relay's response (RFC 9807 section 5). Using it consumes it.
pub struct RegistrationStart(ClientRegistration<Suite>);

impl RegistrationStart {
    /// Blinds the password. The bytes are the RegistrationRequest for the relay (32 bytes).
    ///
    /// # Errors
    /// [`PasswordTooLong`].
    pub fn new(password: &[u8], rng: &mut dyn CryptoRngCore) -> Result<(Self, Vec<u8>), PasswordTooLong> {
        let mut rng = rng;
        check_password(password)?;
        let started = ClientRegistration::<Suite>::start(&mut rng, password).map_err(|_| PasswordTooLong)?;
        Ok((Self(started.state), started.message.serialize().to_vec()))
    }

    /// Stretches the password, which takes `params`' memory and about half a second, and makes the record.
    /// `password` is the one of [`RegistrationStart::new`].
    ///
    /// # Errors
    /// [`RegistrationError`].
    pub fn finish(
        self,
        password: &[u8],
        response: &[u8],
        purpose: Purpose<'_>,
        params: KsfParams,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<RegistrationDone, RegistrationError> {
        let mut rng = rng;
        let ksf = params.argon2()?;
        // The library takes bytes after the message, and one message must have one encoding.
        if response.len() != REGISTRATION_RESPONSE_BYTES {
            return Err(RegistrationError::Malformed);
        }
        let response =
            RegistrationResponse::deserialize(response).map_err(|_| RegistrationError::Malformed)?;
        let parameters = ClientRegistrationFinishParameters::new(purpose.identifiers(), Some(&ksf));
        let mut done = self
            .0
            .finish(&mut rng, password, response, parameters)
            .map_err(|_| RegistrationError::Malformed)?;
        let export_key = reduce(&done.export_key);
        done.export_key.zeroize();
        Ok(RegistrationDone { upload: done.message.serialize().to_vec(), export_key })
    }
}

impl std::fmt::Debug for RegistrationStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("RegistrationStart(..)")
    }
}

/// A finished registration.
pub struct RegistrationDone {
    /// RegistrationRecord for the relay (192 bytes). It holds the masking key, so it goes to the relay only.
    pub upload: Vec<u8>,
    /// Wraps the vault key with [`crate::account::WrapMethod::Opaque`], or seals what a room's password opens.
    pub export_key: SymmetricKey,
}

impl std::fmt::Debug for RegistrationDone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { upload: _, export_key: _ } = self;
        f.write_str("RegistrationDone(..)")
    }
}

/// A login that waits for the relay's response (RFC 9807 section 6). Using it consumes it.
pub struct LoginStart(ClientLogin<Suite>);

impl LoginStart {
    /// Blinds the password and begins the key exchange. The bytes are KE1 for the relay (96 bytes).
    ///
    /// # Errors
    /// [`PasswordTooLong`].
    pub fn new(password: &[u8], rng: &mut dyn CryptoRngCore) -> Result<(Self, Vec<u8>), PasswordTooLong> {
        let mut rng = rng;
        check_password(password)?;
        let started = ClientLogin::<Suite>::start(&mut rng, password).map_err(|_| PasswordTooLong)?;
        Ok((Self(started.state), started.message.serialize().to_vec()))
    }

    /// Stretches the password, which takes `params`' memory and about half a second, and opens the relay's KE2.
    /// `password` is the one of [`LoginStart::new`].
    ///
    /// # Errors
    /// [`LoginError`].
    pub fn finish(
        self,
        password: &[u8],
        response: &[u8],
        purpose: Purpose<'_>,
        params: KsfParams,
        rng: &mut dyn CryptoRngCore,
    ) -> Result<LoginDone, LoginError> {
        let mut rng = rng;
        let ksf = params.argon2()?;
        if response.len() != KE2_BYTES {
            return Err(LoginError::Malformed);
        }
        let response = CredentialResponse::deserialize(response).map_err(|_| LoginError::Malformed)?;
        let parameters =
            ClientLoginFinishParameters::new(Some(purpose.context()), purpose.identifiers(), Some(&ksf));
        let mut done =
            self.0.finish(&mut rng, password, response, parameters).map_err(|error| match error {
                ProtocolError::InvalidLoginError => LoginError::WrongPassword,
                _ => LoginError::Malformed,
            })?;
        let export_key = reduce(&done.export_key);
        done.export_key.zeroize();
        done.session_key.zeroize();
        Ok(LoginDone { finalization: done.message.serialize().to_vec(), export_key })
    }
}

impl std::fmt::Debug for LoginStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.write_str("LoginStart(..)")
    }
}

/// A finished login: the relay has proved to hold the record, and `finalization` proves the password to it.
pub struct LoginDone {
    /// KE3 for the relay (64 bytes).
    pub finalization: Vec<u8>,
    /// Unwraps the vault key with [`crate::account::WrapMethod::Opaque`], or opens what a room's password opens.
    pub export_key: SymmetricKey,
}

impl std::fmt::Debug for LoginDone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { finalization: _, export_key: _ } = self;
        f.write_str("LoginDone(..)")
    }
}

fn check_password(password: &[u8]) -> Result<(), PasswordTooLong> {
    if password.len() > MAX_PASSWORD_BYTES { Err(PasswordTooLong) } else { Ok(()) }
}

/// OPAQUE's export key of 64 bytes to a key of ours, by HKDF-SHA-256.
fn reduce(export_key: &[u8]) -> SymmetricKey {
    let mut key = zeroize::Zeroizing::new([0; 32]);
    hkdf_sha256(&[], export_key, &labelled("Waxwing 1 opaque export", &[]), &mut key[..]);
    SymmetricKey::from_bytes(*key)
}

#[cfg(test)]
mod tests;
