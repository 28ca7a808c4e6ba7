//! JSON of the account calls, problems, usernames and ids.
#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use waxwing_wire::{AccountId, EntryId, EpochId, MethodId, Problem, RoomId, account, admin, username};

/// What is accepted is the same after another round.
fn round<T: DeserializeOwned + Serialize>(text: &str) {
    if let Ok(value) = serde_json::from_str::<T>(text) {
        let once = serde_json::to_string(&value).expect("it is JSON");
        let again: T = serde_json::from_str(&once).expect("we read what we write");
        assert_eq!(serde_json::to_string(&again).expect("it is JSON"), once);
    }
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    round::<account::RegisterStart>(text);
    round::<account::RegisterStarted>(text);
    round::<account::RegisterFinish>(text);
    round::<account::TotpEnrolment>(text);
    round::<account::RegisterConfirm>(text);
    round::<account::Registered>(text);
    round::<account::SessionInfo>(text);
    round::<account::Sessions>(text);
    round::<account::EndSession>(text);
    round::<account::RecoverStart>(text);
    round::<account::RecoverStarted>(text);
    round::<account::RecoverFinish>(text);
    round::<account::Proof>(text);
    round::<account::TotpChange>(text);
    round::<account::RecoveryCodes>(text);
    round::<account::LoginStart>(text);
    round::<account::LoginStarted>(text);
    round::<account::LoginFinish>(text);
    round::<account::LoginAccepted>(text);
    round::<account::LoginTotp>(text);
    round::<account::LoggedIn>(text);
    round::<account::CredentialsStart>(text);
    round::<account::CredentialsStarted>(text);
    round::<account::CredentialsChange>(text);
    round::<account::ServerInfo>(text);
    round::<account::Empty>(text);
    round::<admin::Reason>(text);
    round::<admin::MakeInvite>(text);
    round::<admin::Announce>(text);
    round::<admin::ChangeSettings>(text);
    round::<admin::Resolve>(text);
    round::<Problem>(text);
    if let Ok(name) = username::normalise(text) {
        assert_eq!(username::normalise(&name), Ok(name.clone()), "normal once, normal always");
        let skeleton = username::skeleton(&name);
        assert_eq!(username::skeleton(&skeleton), skeleton, "likewise");
    }
    let _ = (text.parse::<AccountId>(), text.parse::<RoomId>(), text.parse::<EntryId>());
    let _ = (text.parse::<MethodId>(), text.parse::<EpochId>());
});
