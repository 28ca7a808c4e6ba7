//! Every call, with what answers it and how it may fail.

use waxwing_wire::{
    ProblemCode::{
        AttemptExpired, Banned, Conflict, ForeignOrigin, GuestsClosed, InviteInvalid, LastAdministrator,
        LimitReached, NotFound, RateLimited, RegistrationClosed, ReusedCode, SessionIsNewer,
        SetupLinkInvalid, TotpRequired, Unsupported, UsernameTaken, WrongCode, WrongCredentials,
        WrongRecoveryKey,
    },
    account::{self, Empty, path},
};

use super::{
    api::{Call, Calls},
    auth::{credentials, guest, login, manage, recover, register, session},
    stream,
};

/// All calls but those of administrators.
pub(super) fn calls() -> Calls {
    let relay = |summary| Call::new("relay", summary);
    account_calls(session_calls(login_calls(guest_calls(register_calls(Calls::new())))))
        .get(
            path::SERVER,
            session::server_info,
            relay("What anybody may know.").answers::<account::ServerInfo>(),
        )
        .get(
            path::STREAM,
            stream::open,
            relay("The live stream: CBOR frames over a WebSocket, see docs/protocol.md.")
                .session()
                .switches()
                .fails(&[ForeignOrigin, Unsupported, LimitReached]),
        )
        .get(
            path::EVENTS,
            stream::events::open,
            relay("The live stream as server-sent events, for who gets no WebSocket through, see docs/protocol.md.")
                .session()
                .answers_with("text/event-stream")
                .fails(&[ForeignOrigin, LimitReached]),
        )
        .post(
            path::REQUESTS,
            stream::events::requests,
            relay("Frames for the stream of events; answers come as its events.")
                .session()
                .query::<account::WhichStream>()
                .takes::<account::Frames>()
                .answers::<Empty>()
                .fails(&[NotFound, RateLimited]),
        )
        .get("/healthz", super::health, relay("Whether the relay can write.").answers_with("text/plain"))
        .described("/api/openapi.json", relay("This document.").answers_with("application/json"))
}

fn register_calls(calls: Calls) -> Calls {
    let call = |summary| Call::new("registration", summary);
    calls
        .post(
            path::REGISTER_START,
            register::start,
            call("Begins a registration: OPAQUE, first half.")
                .takes::<account::RegisterStart>()
                .answers::<account::RegisterStarted>()
                .fails(&[RateLimited, SetupLinkInvalid, RegistrationClosed, InviteInvalid, UsernameTaken]),
        )
        .post(
            path::REGISTER_FINISH,
            register::finish,
            call("Brings everything of the new account.")
                .takes::<account::RegisterFinish>()
                .answers::<account::TotpEnrolment>()
                .fails(&[AttemptExpired, RateLimited]),
        )
        .post(
            path::REGISTER_CONFIRM,
            register::confirm,
            call("Proves the authenticator. The account exists from here on.")
                .takes::<account::RegisterConfirm>()
                .answers::<account::Registered>()
                .fails(&[AttemptExpired, WrongCode, TotpRequired, UsernameTaken, Conflict, LimitReached])
                .fails(&[SetupLinkInvalid, RegistrationClosed, InviteInvalid]),
        )
}

fn guest_calls(calls: Calls) -> Calls {
    let call = |summary| Call::new("guests", summary);
    calls
        .post(
            path::GUESTS,
            guest::start,
            call("Makes an account without username and password.")
                .takes::<account::GuestStart>()
                .answers::<account::GuestStarted>()
                .fails(&[RateLimited, GuestsClosed, Conflict, LimitReached]),
        )
        .post(
            path::GUESTS_RETURN,
            guest::come_back,
            call("Begins a session of a guest who kept the place code.")
                .takes::<account::GuestReturn>()
                .answers::<account::GuestReturned>()
                .fails(&[RateLimited, NotFound, Banned]),
        )
}

fn login_calls(calls: Calls) -> Calls {
    let call = |summary| Call::new("login", summary);
    calls
        .post(
            path::LOGIN_START,
            login::start,
            call("Begins a login: OPAQUE, first half. Unknown names are answered alike.")
                .takes::<account::LoginStart>()
                .answers::<account::LoginStarted>()
                .fails(&[RateLimited]),
        )
        .post(
            path::LOGIN_FINISH,
            login::finish,
            call("Proves the password.")
                .takes::<account::LoginFinish>()
                .answers::<account::LoginAccepted>()
                .fails(&[AttemptExpired, WrongCredentials]),
        )
        .post(
            path::LOGIN_TOTP,
            login::totp,
            call("Gives the second factor. The session exists from here on.")
                .takes::<account::LoginTotp>()
                .answers::<account::LoggedIn>()
                .fails(&[AttemptExpired, RateLimited, WrongCode, ReusedCode, Banned, WrongCredentials]),
        )
        .post(
            path::RECOVER_START,
            recover::start,
            call("Shows the recovery token and begins a new password.")
                .takes::<account::RecoverStart>()
                .answers::<account::RecoverStarted>()
                .fails(&[RateLimited, WrongRecoveryKey, Banned]),
        )
        .post(
            path::RECOVER_FINISH,
            recover::finish,
            call("Sets the new password and begins a session.")
                .takes::<account::RecoverFinish>()
                .answers::<account::LoggedIn>()
                .fails(&[
                    AttemptExpired,
                    Conflict,
                    WrongRecoveryKey,
                    Banned,
                    WrongCode,
                    TotpRequired,
                    RateLimited,
                ]),
        )
}

fn session_calls(calls: Calls) -> Calls {
    let call = |summary| Call::new("sessions", summary).session();
    calls
        .get(
            path::SESSION,
            session::session_info,
            call("Who is behind the session.").answers::<account::SessionInfo>(),
        )
        .get(
            path::SESSIONS,
            session::list,
            call("The sessions of the account.").answers::<account::Sessions>(),
        )
        .post(
            path::SESSIONS_END,
            session::end,
            call("Ends a session of the account.")
                .takes::<account::EndSession>()
                .answers::<Empty>()
                .fails(&[NotFound, SessionIsNewer]),
        )
        .post(
            path::SESSIONS_END_OTHERS,
            session::end_others,
            call("Ends all sessions of the account but this one.")
                .takes::<Empty>()
                .answers::<Empty>()
                .fails(&[SessionIsNewer]),
        )
        .post(
            path::LOGOUT,
            session::logout,
            call("Ends this session.").takes::<Empty>().answers::<Empty>().fails(&[NotFound]),
        )
}

fn account_calls(calls: Calls) -> Calls {
    let call = |summary| Call::new("account", summary).session().fails(&[AttemptExpired]);
    calls
        .post(
            path::CREDENTIALS_START,
            credentials::start,
            call("Begins a change of the password: OPAQUE, first half.")
                .takes::<account::CredentialsStart>()
                .answers::<account::CredentialsStarted>(),
        )
        .post(
            path::CREDENTIALS,
            credentials::change,
            call("Replaces password, vault and keys at once.")
                .takes::<account::CredentialsChange>()
                .answers::<Empty>()
                .fails(&[Conflict]),
        )
        .post(
            path::TOTP_START,
            manage::totp_start,
            call("Makes the secret of another authenticator.")
                .takes::<account::Proof>()
                .answers::<account::TotpEnrolment>(),
        )
        .post(
            path::TOTP,
            manage::totp,
            call("Replaces the authenticator and the recovery codes.")
                .takes::<account::TotpChange>()
                .answers::<account::RecoveryCodes>()
                .fails(&[WrongCode, RateLimited]),
        )
        .post(
            path::TOTP_REMOVE,
            manage::totp_remove,
            call("Removes the authenticator.")
                .takes::<account::Proof>()
                .answers::<Empty>()
                .fails(&[TotpRequired]),
        )
        .post(
            path::RECOVERY_CODES,
            manage::recovery_codes,
            call("Makes new recovery codes.").takes::<account::Proof>().answers::<account::RecoveryCodes>(),
        )
        .post(
            path::DELETE,
            manage::delete,
            call("Deletes the account.")
                .takes::<account::Proof>()
                .answers::<Empty>()
                .fails(&[LastAdministrator, NotFound]),
        )
}
