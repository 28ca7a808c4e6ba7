//! Room passwords: OPAQUE per room.

use opaque_ke::{
    CredentialFinalization, CredentialRequest, Identifiers, RegistrationRequest, ServerLogin,
    ServerLoginParameters, ServerRegistration,
};
use rand_core::{OsRng, RngCore as _};
use waxwing_wire::{
    Opaque, Problem, ProblemCode, RoomId,
    account::KsfParams,
    frame::{Response, RoomPassword},
    ids::{RoomHandle, RoomLoginId},
};

use super::{Relay, Suite, problem};

const CONTEXT: &[u8] = b"Waxwing 1 room password";

/// A room password that is being tried.
#[derive(Clone)]
pub(super) struct RoomLogin {
    handle: RoomHandle,
    state: ServerLogin<Suite>,
    pub(super) connection: usize,
}

fn credential_id(handle: RoomHandle) -> Vec<u8> {
    [b"room password ", handle.as_bytes()].concat()
}

impl Relay {
    fn password(&self, handle: RoomHandle) -> Option<(RoomId, RoomPassword)> {
        self.rooms.iter().find_map(|(id, room)| {
            let passwords = room.methods.iter().filter_map(|method| method.password.as_ref());
            passwords.into_iter().find(|password| password.handle == handle).map(|found| (*id, found.clone()))
        })
    }

    /// Whether another room is reached under this handle.
    pub(super) fn is_taken(&self, handle: RoomHandle, room: RoomId) -> bool {
        self.password(handle).is_some_and(|(other, _)| other != room)
    }

    pub(super) fn room_password_start(
        &self,
        handle: RoomHandle,
        request: &Opaque,
    ) -> Result<Response, Problem> {
        let request = RegistrationRequest::<Suite>::deserialize(request.as_bytes())
            .map_err(|_| problem(ProblemCode::Malformed))?;
        let answer = ServerRegistration::start(&self.setup, request, &credential_id(handle))
            .map_err(|_| problem(ProblemCode::Malformed))?;
        Ok(Response::RoomPassword(answer.message.serialize().to_vec().into()))
    }

    pub(super) fn room_login_start(
        &mut self,
        connection: usize,
        handle: RoomHandle,
        request: &Opaque,
    ) -> Result<Response, Problem> {
        let handle = self.instead.filter(|(asked, _)| *asked == handle).map_or(handle, |(_, other)| other);
        let found = self.password(handle).map(|(_, password)| password);
        let usual = KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 };
        let ksf = found.as_ref().map_or(usual, |password| password.ksf);
        let record =
            found.map(|password| ServerRegistration::<Suite>::deserialize(password.record.as_bytes()));
        let record = record.transpose().map_err(|_| problem(ProblemCode::Internal))?;
        let request = CredentialRequest::deserialize(request.as_bytes())
            .map_err(|_| problem(ProblemCode::Malformed))?;
        let parameters = ServerLoginParameters {
            context: Some(CONTEXT),
            identifiers: Identifiers { client: Some(handle.as_bytes()), server: Some(b"waxwing") },
        };
        let id = credential_id(handle);
        let started = ServerLogin::start(&mut OsRng, &self.setup, record, request, &id, parameters)
            .map_err(|_| problem(ProblemCode::Malformed))?;
        let mut login = [0; 16];
        OsRng.fill_bytes(&mut login);
        self.room_logins.insert(login.to_vec(), RoomLogin { handle, state: started.state, connection });
        Ok(Response::RoomLogin {
            login: RoomLoginId(login),
            opaque_response: started.message.serialize().to_vec().into(),
            ksf,
        })
    }

    pub(super) fn room_login_finish(
        &mut self,
        login: RoomLoginId,
        finalization: &Opaque,
    ) -> Result<Response, Problem> {
        let wrong = || problem(ProblemCode::WrongCredentials);
        let known = self.room_logins.remove(login.as_bytes()).ok_or_else(wrong)?;
        let finalization = CredentialFinalization::deserialize(finalization.as_bytes())
            .map_err(|_| problem(ProblemCode::Malformed))?;
        let parameters =
            ServerLoginParameters { context: Some(CONTEXT), identifiers: Identifiers::default() };
        known.state.finish(finalization, parameters).map_err(|_| wrong())?;
        let (room, password) = self.password(known.handle).ok_or_else(wrong)?;
        Ok(Response::RoomUnlocked { room, sealed: password.sealed })
    }
}
