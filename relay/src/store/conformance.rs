//! The behaviour of a store. Every backend runs all of it; a behaviour that is not here does not exist.

mod accounts;
mod commits;
mod data;
mod entry;
mod erasing;
mod joining;
mod log;
mod passwords;
mod published;
#[path = "../../tests/support/requests.rs"]
#[allow(dead_code, reason = "shared with the tests over the stream")]
mod requests;
mod rooms;
mod sessions;

use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::mpsc;
use waxwing_wire::{
    AccountId, EpochId, Opaque, RoomId, Seq,
    account::{AccountStatus, KsfParams, RegistrationPolicy, SessionInfo},
    frame::{Commit, CreateRoom},
    ids::TokenHash,
};
use zeroize::Zeroizing;

use super::{
    Admission, Caller, Credentials, Ended, Factor, Login, NewAccount, NewCredentials, NewPassword,
    NewSession, Notice, Pending, Result, Session, SessionHash, SessionLife, Store, StoreError,
    sqlite::{Options, Sqlite},
};
use requests::random;

/// A store to be tried, with what it tells fan-out.
struct Bench {
    store: Store,
    notices: mpsc::Receiver<Notice>,
    folder: TempDir,
}

fn sqlite() -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let (sender, notices) = mpsc::channel(crate::limits::NOTICE_QUEUE);
    let store = Store::Sqlite(Sqlite::open(&Options::new(folder.path()), sender).unwrap());
    Bench { store, notices, folder }
}

macro_rules! behaviours {
    ($($area:ident: $($name:ident),+;)+) => {
        mod on_sqlite {
            $(mod $area {
                $(#[tokio::test]
                async fn $name() {
                    super::super::$area::$name(&mut super::super::sqlite()).await;
                })+
            })+
        }
    };
}

behaviours! {
    accounts:
        the_first_account_needs_the_setup_token,
        later_accounts_follow_the_policy,
        usernames_and_ids_are_taken_once,
        a_code_is_used_once_and_never_an_older_one,
        credentials_change_at_once_and_end_other_sessions,
        a_new_identity_key_comes_with_its_statement,
        sessions_end,
        sessions_that_ended_write_nothing_more,
        a_rotation_refuses_what_other_sessions_had_queued,
        guests_last_as_long_as_they_are_there_or_have_a_place,
        settings_are_written_once;
    sessions:
        sessions_are_listed_and_end_one_by_one,
        a_session_ends_none_that_began_later,
        a_token_works_until_the_next_has_arrived,
        an_account_has_a_bounded_number_of_sessions,
        streams_hear_that_a_session_expired,
        accounts_are_seen,
        nobody_banned_has_a_session;
    entry:
        accounts_follow_the_policy_and_invites,
        names_that_look_alike_are_one,
        few_accounts_wait_with_little_and_not_for_ever,
        a_second_factor_must_be_that_of_the_account,
        a_recovery_code_is_used_once_and_told,
        authenticators_are_replaced_and_removed,
        whoever_holds_the_recovery_key_takes_the_account_back,
        an_account_is_deleted_with_all_that_is_its_own,
        the_last_administrator_is_not_deleted,
        refused_codes_are_recorded_and_told_so_often,
        refused_logins_are_recorded;
    data:
        account_objects_are_compared_and_swapped,
        account_objects_are_bounded,
        account_objects_are_dropped,
        key_packages_are_replaced;
    rooms:
        founding_is_idempotent,
        a_founding_that_is_refused_leaves_nothing,
        outsiders_learn_nothing,
        an_account_has_a_bounded_number_of_rooms,
        strangers_do_not_fill_an_accounts_rooms,
        rooms_that_nobody_is_in_or_can_enter_are_deleted,
        a_deserted_room_with_a_way_in_stays,
        cursors_tell_what_is_behind;
    erasing:
        messages_are_erased_by_who_wrote_them_or_leads,
        where_nobody_leads_nobody_erases_what_others_wrote;
    log:
        appending_is_compared_and_swapped,
        appending_is_idempotent,
        messages_are_bounded,
        statements_are_entered_after_the_last_commit,
        leaving_ends_the_membership,
        who_left_is_told_by_its_own_statement,
        messages_disappear_where_an_owner_wants_it,
        pages_have_no_gaps,
        pages_are_bounded_by_bytes,
        racing_writers_get_numbers_without_gaps;
    commits:
        a_commit_brings_everything_that_belongs_to_it,
        of_racing_commits_one_wins,
        committing_is_idempotent,
        members_without_a_level_share_a_pace,
        a_commit_names_no_more_accounts_than_a_room_holds,
        a_commit_that_is_refused_leaves_nothing,
        levels_decide_who_removes_whom,
        where_nobody_owns_the_highest_may_do_all,
        a_member_is_let_in_again_by_a_welcome,
        welcomes_of_a_few_authors_are_kept,
        snapshots_and_public_states_are_pruned_together,
        snapshots_are_replaced_and_need_their_public_state,
        keyrings_are_replaced_by_epoch_and_paged,
        history_is_paged_by_bytes,
        notices_come_in_order_and_only_for_what_was_committed;
    published:
        candidates_stand_beside_the_authors,
        candidates_are_checked_and_stay,
        few_authors_publish_for_one_commit,
        large_candidates_come_alone,
        an_author_who_lies_about_its_epoch_is_overruled_by_a_moderator,
        junk_does_not_push_out_what_leads_in,
        old_candidates_are_only_links;
    passwords:
        a_room_is_found_by_its_handle,
        a_password_is_checked_and_needs_a_level;
    joining:
        a_link_lets_in,
        wrong_links_are_refused,
        expired_links_are_told,
        a_link_that_expired_stays_one,
        a_room_goes_when_its_last_way_in_expires,
        replaced_links_are_dead,
        levels_decide_who_changes_the_ways_in,
        methods_come_and_stay_by_id,
        a_room_has_one_link_and_one_password,
        older_epochs_are_there_for_who_joins,
        who_joins_adds_only_itself,
        members_may_join_again,
        a_room_fills_up;
}

const NOW_MS: u64 = 1_800_000_000_000;
const LIFE: SessionLife =
    SessionLife { idle: Duration::from_secs(30 * 86_400), absolute: Duration::from_secs(180 * 86_400) };

fn new_account(username: &str) -> NewAccount {
    let account = AccountId(random());
    NewAccount {
        account,
        username: username.to_owned(),
        identity_key: Opaque(vec![1; 32]),
        credentials: Credentials {
            account,
            opaque_record: b"record".to_vec(),
            ksf: KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 },
            totp_secret: Some(secret()),
            totp_last_step: 100,
        },
        recovery_codes: vec![[1; 32], [2; 32]],
        recovery_token_hash: TokenHash([5; 32]),
        vault: Opaque(b"vault".to_vec()),
        wrap_opaque: Opaque(b"wrap".to_vec()),
        wrap_recovery: Opaque(b"recovery".to_vec()),
    }
}

fn new_session() -> NewSession {
    NewSession { token: SessionHash(random()), device: "here".to_owned(), replaces: None, now_ms: NOW_MS }
}

/// A session that every account of a [`Bench`] has from its registration on.
fn session_of(account: AccountId) -> SessionHash {
    SessionHash(std::array::from_fn(|index| account.0[index % 16]))
}

fn caller(account: AccountId) -> Caller {
    Caller { account, session: session_of(account).id(), frame_bytes: 1 }
}

fn secret() -> Zeroizing<Vec<u8>> {
    Zeroizing::new(vec![2; 20])
}

/// A login with the code of a step.
fn login(account: AccountId, step: u64) -> Login {
    Login { account, record: b"record".to_vec(), factor: Factor::Code(secret(), step) }
}

const OPEN: Admission = Admission::Policy(RegistrationPolicy::Open, None);

impl Bench {
    /// Hears every notice of what was written so far: answers come before notices, the next answer after them.
    async fn drain(&mut self) {
        self.store.check_writing(NOW_MS).await.unwrap();
        while self.notices.try_recv().is_ok() {}
    }

    /// A connection beside the store's own, for what other parts write. Another backend brings its own.
    fn database(&self) -> rusqlite::Connection {
        let db = rusqlite::Connection::open(self.folder.path().join("waxwing.db")).unwrap();
        db.busy_timeout(Duration::from_secs(5)).unwrap();
        db
    }

    /// An account; the first one by the setup token.
    async fn account(&self, username: &str) -> AccountId {
        let account = new_account(username);
        let id = account.account;
        let admission = if self.store.has_accounts().await.unwrap() {
            OPEN
        } else {
            let token = random();
            assert!(self.store.replace_setup_token(token).await.unwrap());
            Admission::Setup(token)
        };
        let session = NewSession { token: session_of(id), ..new_session() };
        self.store.create_account(account, admission, session).await.unwrap();
        id
    }

    async fn accounts<const N: usize>(&self) -> [AccountId; N] {
        let mut all = [AccountId([0; 16]); N];
        for (index, account) in all.iter_mut().enumerate() {
            *account = self.account(&format!("person{index}")).await;
        }
        all
    }

    /// A room founded by this account.
    async fn room(&self, creator: AccountId) -> RoomId {
        let room = RoomId(random());
        let request = CreateRoom { room, parts: requests::parts(0) };
        done(self.store.create_room(caller(creator), request, NOW_MS).await).await.unwrap();
        room
    }

    async fn commit(&self, author: AccountId, commit: Commit) -> Result<Seq> {
        done(self.store.accept_commit(caller(author), commit, NOW_MS).await).await
    }

    async fn append(&self, author: AccountId, room: RoomId, after: Seq, text: &str) -> Result<Seq> {
        done(self.store.append_message(caller(author), requests::append(room, after, text), NOW_MS).await)
            .await
    }

    async fn members(&self, member: AccountId, room: RoomId) -> Vec<AccountId> {
        self.store.members(member, room).await.unwrap()
    }

    /// Everything that a member can read of a room, to be compared.
    async fn all_of(&self, member: AccountId, room: RoomId) -> String {
        let store = &self.store;
        let page = store.entries_after(member, room, 0, 500).await.unwrap();
        let rest = (
            store.members(member, room).await.unwrap(),
            store.snapshot(member, room, None).await.unwrap(),
            store.keyring(member, room, u64::MAX).await.unwrap(),
            store.history_links(member, room, u64::MAX).await.unwrap(),
            store.rooms(member, Vec::new()).await.unwrap(),
        );
        format!("{page:?} {rest:?}")
    }
}

/// Members come in the order of their ids.
fn sorted<const N: usize>(mut accounts: [AccountId; N]) -> Vec<AccountId> {
    accounts.sort_unstable();
    accounts.to_vec()
}

/// Awaits a write until it is durable.
async fn done<T>(queued: Result<Pending<T>>) -> Result<T> {
    queued?.await
}
