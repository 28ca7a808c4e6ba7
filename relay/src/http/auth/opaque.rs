//! The server's half of OPAQUE, RFC 9807, over ristretto255 and SHA-512.
//!
//! The key stretching function runs in the client only; the suite here names the identity in its place, which changes
//! no byte of any message.

use std::{fmt, sync::Arc};

use hmac::Mac as _;
use opaque_ke::{
    CipherSuite, ClientRegistration, ClientRegistrationFinishParameters, CredentialFinalization,
    CredentialRequest, Identifiers, RegistrationRequest, RegistrationUpload, Ristretto255, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup, TripleDh, errors::ProtocolError,
};
use rand_core::{OsRng, RngCore as _};
use sha2::Digest as _;
use sha2::{Sha256, Sha512};
use waxwing_wire::{Opaque, Problem, ProblemCode, ids::RoomHandle};

use zeroize::Zeroizing;

use super::known::keyed;
use crate::{command::serve::ServeError, store::Store};

/// Identity of the relay in the key exchange.
const SERVER: &[u8] = b"waxwing";
/// Context of the key exchange.
const CONTEXT: &[u8] = b"Waxwing 1 login";
/// The same for room passwords, and the beginning of their credential identifiers.
const ROOM_CONTEXT: &[u8] = b"Waxwing 1 room password";
/// Name of the setting that holds the setup.
const SETTING: &str = "opaque_server_setup";

#[derive(Debug)]
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, Sha512>;
    type Ksf = opaque_ke::ksf::Identity;
}

/// The relay's OPRF seed and key pair. Whoever has them and the records can guess passwords offline.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    setup: ServerSetup<Suite>,
    /// A record that belongs to nobody. It is read where there is none, so that both take as long.
    decoy: Vec<u8>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("Server(..)")
    }
}

/// What the relay remembers between the two messages of a login.
pub(in crate::http) struct LoginState(ServerLogin<Suite>);

impl fmt::Debug for LoginState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(_) = self;
        f.write_str("LoginState(..)")
    }
}

fn malformed() -> Problem {
    Problem::new(ProblemCode::Invalid, "the OPAQUE message is not one")
}

/// What a password is for. Records and exchanges of one purpose fit no other.
#[derive(Debug, Clone, Copy)]
pub(in crate::http) enum Purpose<'a> {
    /// Logging in under a normalised username.
    Login(&'a str),
    /// Unlocking the room that is reached by a handle.
    Room(&'a RoomHandle),
}

impl Purpose<'_> {
    /// Selects the OPRF key of a record. Usernames have no spaces, so no two purposes share one.
    fn credential(&self) -> Vec<u8> {
        match self {
            Self::Login(username) => username.as_bytes().to_vec(),
            Self::Room(handle) => [ROOM_CONTEXT, handle.as_bytes()].concat(),
        }
    }

    fn parameters(&self) -> ServerLoginParameters<'_, '_> {
        let (context, client) = match self {
            Self::Login(username) => (CONTEXT, username.as_bytes()),
            Self::Room(handle) => (ROOM_CONTEXT, handle.as_bytes()),
        };
        ServerLoginParameters {
            context: Some(context),
            identifiers: Identifiers { client: Some(client), server: Some(SERVER) },
        }
    }
}

impl Server {
    /// The setup of this relay, made at its first start.
    ///
    /// # Errors
    /// When the store fails, or what it holds is damaged.
    pub async fn load_or_make(store: &Store) -> Result<Self, ServeError> {
        let bytes = match store.setting(SETTING).await? {
            Some(bytes) => bytes,
            None => {
                let new = ServerSetup::<Suite>::new(&mut OsRng);
                store.setting_or_insert(SETTING, new.serialize().to_vec()).await?
            }
        };
        let setup = ServerSetup::deserialize(&bytes).map_err(|_| ServeError::LoginSetup)?;
        let decoy = decoy(&setup).map_err(|_| ServeError::LoginSetup)?;
        Ok(Self(Arc::new(Inner { setup, decoy })))
    }

    /// A key of this relay for something else, derived from its secrets.
    pub(in crate::http) fn key(&self, label: &[u8]) -> Zeroizing<[u8; 32]> {
        let secrets = Zeroizing::new(Sha256::digest(self.0.setup.serialize()).into());
        Zeroizing::new(keyed(&secrets, &[label]).finalize().into_bytes().into())
    }

    /// Answers a RegistrationRequest.
    pub(in crate::http) fn register(
        &self,
        purpose: &Purpose<'_>,
        request: &Opaque,
    ) -> Result<Opaque, Problem> {
        let request = RegistrationRequest::deserialize(request.as_bytes()).map_err(|_| malformed())?;
        let started = ServerRegistration::start(&self.0.setup, request, &purpose.credential())
            .map_err(|_| malformed())?;
        Ok(Opaque(started.message.serialize().to_vec()))
    }

    /// Turns a RegistrationRecord into what is stored.
    pub(in crate::http) fn record(&self, upload: &Opaque) -> Result<Vec<u8>, Problem> {
        let upload = RegistrationUpload::<Suite>::deserialize(upload.as_bytes()).map_err(|_| malformed())?;
        Ok(ServerRegistration::finish(upload).serialize().to_vec())
    }

    /// Answers KE1 with KE2. Without a record the answer looks the same, and no KE3 will fit it.
    pub(in crate::http) fn begin(
        &self,
        purpose: &Purpose<'_>,
        record: Option<&[u8]>,
        request: &Opaque,
    ) -> Result<(Opaque, LoginState), Problem> {
        let request = CredentialRequest::deserialize(request.as_bytes()).map_err(|_| malformed())?;
        let bytes = record.unwrap_or(&self.0.decoy);
        let read = ServerRegistration::deserialize(bytes).map_err(|_| damaged())?;
        let started = ServerLogin::start(
            &mut OsRng,
            &self.0.setup,
            record.is_some().then_some(read),
            request,
            &purpose.credential(),
            purpose.parameters(),
        )
        .map_err(|_| malformed())?;
        Ok((Opaque(started.message.serialize().to_vec()), LoginState(started.state)))
    }
}

impl LoginState {
    /// Whether KE3 proves the password. A state is checked once: its login goes on or ends.
    pub(in crate::http) fn check(
        &self,
        purpose: &Purpose<'_>,
        finalization: &Opaque,
    ) -> Result<bool, Problem> {
        let message =
            CredentialFinalization::deserialize(finalization.as_bytes()).map_err(|_| malformed())?;
        Ok(self.0.clone().finish(message, purpose.parameters()).is_ok())
    }
}

/// The record of a registration with a random password.
fn decoy(setup: &ServerSetup<Suite>) -> Result<Vec<u8>, ProtocolError> {
    let mut password = [0; 32];
    OsRng.try_fill_bytes(&mut password).map_err(|_| ProtocolError::SerializationError)?;
    let begun = ClientRegistration::<Suite>::start(&mut OsRng, &password)?;
    let answer = ServerRegistration::start(setup, begun.message, SERVER)?;
    let parameters = ClientRegistrationFinishParameters::default();
    let finished = begun.state.finish(&mut OsRng, &password, answer.message, parameters)?;
    Ok(ServerRegistration::finish(finished.message).serialize().to_vec())
}

fn damaged() -> Problem {
    tracing::error!("a stored OPAQUE record is damaged");
    crate::store::StoreError::Internal.into()
}
