//! What the person wants: at once, when the relay can be asked, or not at all.

use waxwing_crypto_core::room::JoinKind;
use waxwing_wire::limits::TEXT_BYTES;
use zeroize::Zeroizing;

use crate::{
    account_data::{PreferencesChange, RoomChange},
    api::{AccountIntent, Failure, Intent, Reply},
    auth::{Purpose, Renew, Renewal},
    ctx::{Ctx, failure, offline},
    machine::Client,
    room::{EditRoom, Unlock},
    trust::parse_shown,
};

impl Client {
    pub(crate) fn intent(&mut self, id: u64, intent: Intent, ctx: &mut Ctx<'_>) {
        match intent {
            Intent::ServerInfo => self.server_info(id, ctx),
            Intent::Account(intent) => self.account_intent(id, intent, ctx),
            Intent::SetDisplayName { .. } | Intent::Report { .. } => self.online(id, intent, ctx),
            Intent::OpenReport { sealed, room, entry, sender, sender_keys } => {
                let opened = self.open_report(&sealed, (&room, &entry, &sender), &sender_keys);
                ctx.reply(id, opened);
            }
            Intent::WatchStatistics { on } => self.watch(id, on, ctx),
            Intent::CreateRoom { .. }
            | Intent::CreateInvite { .. }
            | Intent::PreviewInvite { .. }
            | Intent::JoinRoom { .. }
            | Intent::CreateDirect { .. }
            | Intent::FindAccount { .. }
            | Intent::AcceptRequest { .. }
            | Intent::DeclineRequest { .. }
            | Intent::Block { .. }
            | Intent::Unblock { .. }
            | Intent::AddMember { .. }
            | Intent::RemoveMember { .. }
            | Intent::SetRole { .. }
            | Intent::EditRoom { .. }
            | Intent::RevokeInvite { .. }
            | Intent::RemoveRoomPassword { .. }
            | Intent::SetRoomPassword { .. }
            | Intent::JoinByPassword { .. }
            | Intent::UnlockRoom { .. }
            | Intent::LeaveRoom { .. }
            | Intent::OpenSuccessor { .. } => self.online(id, intent, ctx),
            Intent::Send { .. }
            | Intent::SendPoll { .. }
            | Intent::Edit { .. }
            | Intent::Pin { .. }
            | Intent::Vote { .. }
            | Intent::ClosePoll { .. } => self.say(id, intent, ctx),
            Intent::Timeline { .. }
            | Intent::Pinned { .. }
            | Intent::EditHistory { .. }
            | Intent::Forward { .. }
            | Intent::React { .. }
            | Intent::Delete { .. } => self.look_up(id, intent, ctx),
            Intent::Retry { room, key } => {
                let done = self.retry(&room, &key, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
            Intent::Discard { room, key } => {
                let done = self.discard(&room, &key, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
            Intent::Typing { room } => {
                let done = self.typing(&room, ctx);
                ctx.reply(id, done);
            }
            Intent::SetDraft { room, text, done } => {
                let done = self.set_draft(&room, (&text, done), ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
            Intent::MarkUnread { room } => {
                let done = self.mark_unread(&room, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
            Intent::SetRoomPreferences { room, muted, notify, pinned, archived } => {
                let change = RoomChange { muted, notify, pinned, archived, forget: false };
                let done = self.set_room_preferences(&room, change, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
            Intent::SetPreferences { read_receipts, typing, presence } => {
                self.set_preferences(PreferencesChange { read_receipts, typing, presence }, ctx);
                ctx.reply(id, Ok(Reply::Done));
            }
            Intent::PauseSync { on } => {
                self.pause_sync(on, ctx);
                ctx.reply(id, Ok(Reply::Done));
            }
            Intent::WatchPresence { accounts } => {
                self.watch_presence(&accounts, ctx);
                ctx.reply(id, Ok(Reply::Done));
            }
            Intent::Contacts => ctx.reply(id, Ok(self.contacts())),
            Intent::SafetyNumber { .. } => self.online(id, intent, ctx),
            Intent::MarkVerified { account, fingerprint } => {
                let shown = parse_shown(&account, &fingerprint);
                let done = shown.and_then(|(account, shown)| self.mark_verified(account, shown, ctx));
                ctx.reply(id, done);
            }
            Intent::RoomCheckCode { room } => {
                let code = self.room_check_code(&room);
                ctx.reply(id, code);
            }
            Intent::ContactLink => {
                let link = self.contact_link();
                ctx.reply(id, link);
            }
            Intent::PreviewContactLink { .. } | Intent::OpenContactLink { .. } => {
                self.online(id, intent, ctx);
            }
            Intent::AcceptIdentity { account, fingerprint } => {
                let shown = parse_shown(&account, &fingerprint);
                let done = shown.and_then(|(account, shown)| self.accept_identity(account, shown, ctx));
                ctx.reply(id, done);
            }
            Intent::Read { room, seq } => {
                let done = self.read(&room, seq, ctx).map(|()| Reply::Done);
                ctx.reply(id, done);
            }
        }
    }

    /// What is about the account: most of it is possible without a connection.
    fn account_intent(&mut self, id: u64, intent: AccountIntent, ctx: &mut Ctx<'_>) {
        match intent {
            AccountIntent::Register { username, password, display_name, setup_token, invite } => {
                self.register(id, (username, password.into(), display_name), (setup_token, invite), ctx);
            }
            AccountIntent::ConfirmTotp { code, device } => {
                self.confirm_totp(id, code, device, ctx);
            }
            AccountIntent::ComeAsGuest { display_name, device } => {
                self.come_as_guest(id, &display_name, device, ctx)
            }
            AccountIntent::ReturnAsGuest { code, device } => {
                self.return_as_guest(id, &Zeroizing::new(code), device, ctx);
            }
            AccountIntent::PlaceCode => ctx.reply(id, self.place_code()),
            AccountIntent::LogIn { username, password, device } => {
                self.log_in(id, (&username, password.into()), device, ctx);
            }
            AccountIntent::SubmitTotp { code, device } => {
                self.submit_totp(id, &code, device, ctx);
            }
            AccountIntent::Recover { username, recovery_key, new_password, device } => {
                let key = Zeroizing::new(recovery_key);
                self.recover(id, (&username, &key), new_password.into(), device, ctx);
            }
            AccountIntent::FinishRecovery { totp, code } => {
                self.finish_recovery(id, (totp, code.as_deref()), ctx);
            }
            AccountIntent::ChangePassword { password, new_password, code } => {
                let renewal = Renewal { what: Renew::Password, new_password: new_password.into() };
                self.again(id, (password.into(), code), Purpose::Renew(renewal), ctx);
            }
            AccountIntent::Rotate { password, new_password, code } => {
                let renewal = Renewal { what: Renew::Keys, new_password: new_password.into() };
                self.again(id, (password.into(), code), Purpose::Renew(renewal), ctx);
            }
            AccountIntent::NewRecoveryKey { password, code } => {
                let password = Zeroizing::new(password);
                let renewal = Renewal { what: Renew::RecoveryKey, new_password: password.clone() };
                self.again(id, (password, code), Purpose::Renew(renewal), ctx);
            }
            AccountIntent::StartNewTotp { password, code } => {
                self.again(id, (password.into(), code), Purpose::NewTotp, ctx);
            }
            AccountIntent::FinishNewTotp { code } => self.finish_new_totp(id, &code, ctx),
            AccountIntent::RemoveTotp { password, code } => {
                self.again(id, (password.into(), code), Purpose::RemoveTotp, ctx);
            }
            AccountIntent::NewRecoveryCodes { password, code } => {
                self.again(id, (password.into(), code), Purpose::NewCodes, ctx);
            }
            AccountIntent::DeleteAccount { password, code } => {
                self.again(id, (password.into(), code), Purpose::Delete, ctx);
            }
            AccountIntent::Sessions => self.sessions(id, ctx),
            AccountIntent::EndSession { id: session } => self.end_session(id, &session, ctx),
            AccountIntent::EndOtherSessions => self.end_other_sessions(id, ctx),
            AccountIntent::TakeOver => {
                self.take_over(ctx);
                ctx.reply(id, Ok(Reply::Done));
            }
            AccountIntent::LogOut => self.log_out(id, ctx),
        }
    }

    /// Carries out what needs the relay now; while the connection is being made it waits for it.
    fn online(&mut self, id: u64, intent: Intent, ctx: &mut Ctx<'_>) {
        if self.session.is_none() {
            ctx.reply(id, Err(failure("not_logged_in", "Log in first.")));
        } else if self.session.as_ref().is_some_and(|session| session.standing.pending) {
            let text =
                "An administrator has to let you in first. You go on by yourself as soon as that is done.";
            ctx.reply(id, Err(failure("awaiting_approval", text)));
        } else if self.conn.is_ready() && self.data.loaded {
            self.carry_out(id, intent, ctx);
        } else if self.conn.is_coming() {
            self.waiting.push((id, intent));
        } else if self.conn.is_displaced() {
            ctx.reply(
                id,
                Err(failure("displaced", "You use Waxwing on another device. Continue here first.")),
            );
        } else {
            ctx.reply(id, Err(offline()));
        }
    }

    fn carry_out(&mut self, id: u64, intent: Intent, ctx: &mut Ctx<'_>) {
        let done = match intent {
            Intent::CreateRoom { name } => self.create_room(id, &name, ctx),
            Intent::CreateInvite { room, lasts } => self.create_invite(id, (&room, lasts), ctx),
            Intent::PreviewInvite { invite } => self.preview(id, &invite, ctx),
            Intent::JoinRoom { invite } => self.join(id, &invite, ctx),
            Intent::SafetyNumber { account, fingerprint } => {
                self.safety_number(id, (&account, fingerprint), ctx)
            }
            Intent::PreviewContactLink { link } => self.take_contact_link(id, (&link, false), ctx),
            Intent::OpenContactLink { link } => self.take_contact_link(id, (&link, true), ctx),
            Intent::CreateDirect { account, note } => self.create_direct(id, &account, note, ctx),
            Intent::FindAccount { username } => self.find_account(id, username, ctx),
            Intent::AcceptRequest { room } => self.accept_request(id, &room, ctx),
            Intent::DeclineRequest { room } => self.decline_request(id, &room, ctx),
            Intent::Block { account } => self.block(id, &account, ctx),
            Intent::Unblock { account } => self.unblock(id, &account, ctx),
            Intent::AddMember { room, account } => self.add_member(id, &room, &account, ctx),
            Intent::RemoveMember { room, account } => self.remove_member(id, &room, &account, ctx),
            Intent::SetRole { room, account, role } => self.set_role(id, (&room, &account, role), ctx),
            Intent::EditRoom { room, name, topic, history, avatar, retention } => {
                self.edit_room(id, &room, EditRoom { name, topic, history, avatar, retention }, ctx)
            }
            Intent::RevokeInvite { room } => self.close_door(id, &room, JoinKind::Link, ctx),
            Intent::RemoveRoomPassword { room } => self.close_door(id, &room, JoinKind::Password, ctx),
            Intent::LeaveRoom { room } => self.leave_room(id, &room, ctx),
            Intent::SetRoomPassword { room, password } => self.set_room_password(id, &room, password, ctx),
            Intent::JoinByPassword { name, password } => {
                self.try_password(id, (&name, password), Unlock::Join, ctx)
            }
            Intent::UnlockRoom { name, password } => {
                self.try_password(id, (&name, password), Unlock::Tell, ctx)
            }
            Intent::SetDisplayName { name } => self.set_display_name(id, &name, ctx),
            Intent::Report { room, key, note } => self.report(id, (&room, key), note, ctx),
            Intent::OpenSuccessor { room, without } => self.open_successor(id, &room, &without, ctx),
            _ => Err(failure("wrong_step", "This cannot be done yet.")),
        };
        if let Err(failure) = done {
            ctx.reply(id, Err(failure));
        }
    }

    /// The connection is ready and the account is loaded: does what waited for that.
    pub(crate) fn release(&mut self, ctx: &mut Ctx<'_>) {
        if self.conn.is_ready() && self.data.loaded {
            for (id, intent) in std::mem::take(&mut self.waiting) {
                self.carry_out(id, intent, ctx);
            }
        }
    }

    /// The connection did not come about.
    pub(crate) fn give_up_waiting(&mut self, ctx: &mut Ctx<'_>) {
        for (id, _) in std::mem::take(&mut self.waiting) {
            ctx.reply(id, Err(offline()));
        }
    }

    pub(crate) fn check_text(text: &str) -> Result<(), Failure> {
        if text.trim().is_empty() {
            return Err(failure("empty", "There is nothing to send."));
        }
        if text.len() > TEXT_BYTES {
            return Err(failure(
                "too_long",
                "A message holds at most 64 kB of text. Split it or send it as a file.",
            ));
        }
        Ok(())
    }
}
