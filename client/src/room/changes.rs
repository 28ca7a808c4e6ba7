//! What this account may want to change about a room, and what that means in the epoch at hand: built anew on each epoch that comes first.

use waxwing_crypto_core::{
    identity::IdentityKey,
    ids,
    room::{
        self, Change, HistoryRule, JoinKind, JoinSecret, Newcomer, Role, RoleEntry, Room, RoomKind,
        RoomState, token_hash,
    },
};
use waxwing_wire::{
    AccountId, MethodId,
    frame::{JoinMethod, RoomPassword},
    ids::TokenHash,
};

use super::avatar;
use crate::{
    api::{Avatar, Failure},
    ctx::failure,
    session::Session,
};

/// What is to change.
#[derive(Debug)]
pub(crate) enum Wanted {
    /// Fresh key material for the own leaf.
    Refresh,
    /// The invite link, in place of another one; it opens until then, milliseconds since 1970, or for ever.
    Link(JoinSecret, Option<u64>),
    /// A new password in place of an earlier one: its join method, and what the relay keeps for it.
    Password(JoinSecret, Box<RoomPassword>),
    /// No invite link, or no password.
    Without(JoinKind),
    /// None of the ways in that have expired by this time.
    Unexpired(u64),
    /// What is given changes, the rest stays.
    Edit(Box<Edit>),
    /// A member's role.
    Role(AccountId, Role),
    /// These come in, by their key packages.
    Add(Vec<Newcomer>),
    /// This member goes. The secret is that of a new link, if there was one; it opens for as long as the one before.
    Remove(AccountId, JoinSecret),
    /// These have left.
    Departed(Vec<(AccountId, Vec<u8>)>),
    /// This member cannot follow and asks to be let in again.
    Readmit { account: AccountId, key_package: Vec<u8>, request: Vec<u8> },
    /// This account signs with another key from now on.
    Rotate(IdentityKey),
}

/// What is to be different about a room.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    pub(crate) name: Option<String>,
    pub(crate) topic: Option<String>,
    pub(crate) avatar: Option<Avatar>,
    pub(crate) history: Option<HistoryRule>,
    pub(crate) retention_s: Option<u64>,
}

/// A change with all that the relay is told of it.
pub(crate) struct Plan {
    pub(crate) change: Change,
    pub(crate) methods: Option<Vec<JoinMethod>>,
    pub(crate) levels: Option<Vec<(AccountId, u8)>>,
    pub(crate) welcomed: Vec<AccountId>,
}

impl Plan {
    fn of(change: Change) -> Self {
        Self { change, methods: None, levels: None, welcomed: Vec::new() }
    }

    fn welcoming(mut self, account: AccountId) -> Self {
        self.welcomed.push(account);
        self
    }
}

fn not_allowed(text: &str) -> Failure {
    failure("not_allowed", text)
}

fn damaged() -> Failure {
    failure("damaged", "The way into the room could not be made. Try again.")
}

/// What the relay is told of a way in.
fn gate(secret: &JoinSecret, method: &room::JoinMethod, password: Option<RoomPassword>) -> JoinMethod {
    let token_hash = TokenHash(token_hash(&secret.relay_token()));
    JoinMethod { id: MethodId(method.id()), token_hash, expires_at_ms: method.expires_ms, password }
}

impl Wanted {
    /// The change on this epoch; nothing when it is so already.
    pub(crate) fn plan(&self, group: &Room, session: &Session) -> Result<Option<Plan>, Failure> {
        let view = View { group, state: group.state(), me: session.id() };
        match self {
            Self::Refresh => Ok(Some(Plan::of(Change::Refresh))),
            Self::Link(secret, until) => view.enter_by(JoinKind::Link, secret, *until, None),
            Self::Password(secret, password) => {
                view.enter_by(JoinKind::Password, secret, None, Some(*password.clone()))
            }
            Self::Without(kind) => view.without(|join| join.kind == *kind),
            Self::Unexpired(now_ms) => view.without(|join| join.has_expired(*now_ms)),
            Self::Edit(edit) => view.edit(edit),
            Self::Role(account, role) => view.role(account.0.into(), *role),
            Self::Add(packages) => Ok(view.add(packages)),
            Self::Remove(account, secret) => view.remove(account.0.into(), secret),
            Self::Departed(left) => Ok(view.departed(left)),
            Self::Readmit { account, key_package, request } => {
                Ok(view.readmit(account.0.into(), key_package, request))
            }
            Self::Rotate(key) => {
                let done = group.own_key() == key.public();
                Ok((!done).then(|| Plan::of(Change::Rotate(key.clone()))))
            }
        }
    }
}

/// What the relay is told of an owner.
const OWNER_LEVEL: u8 = 2;

/// The epoch at hand, as one member sees it.
struct View<'a> {
    group: &'a Room,
    state: &'a RoomState,
    me: ids::AccountId,
}

impl View<'_> {
    fn demand(&self, role: Role, text: &str) -> Result<(), Failure> {
        if self.state.role(self.me) < role { Err(not_allowed(text)) } else { Ok(()) }
    }

    /// A state that is another than now; roles at the relay follow those of the state.
    fn to_state(&self, next: RoomState) -> Option<Plan> {
        let levels = (next.roles != self.state.roles).then(|| levels(&next.roles));
        (next != *self.state).then(|| Plan { levels, ..Plan::of(Change::State(Box::new(next))) })
    }

    fn enter_by(
        &self,
        kind: JoinKind,
        secret: &JoinSecret,
        expires_ms: Option<u64>,
        password: Option<RoomPassword>,
    ) -> Result<Option<Plan>, Failure> {
        self.demand(
            Role::Moderator,
            "Only an owner or a moderator can let people in by a link or a password.",
        )?;
        if self.state.kind == RoomKind::Direct {
            return Err(not_allowed("Nobody else can come into a room of two."));
        }
        let method = secret.method(kind, self.me).map_err(|_| damaged())?;
        let method = room::JoinMethod { expires_ms, ..method };
        let gate = gate(secret, &method, password);
        let mut next = self.state.clone();
        next.joins.retain(|join| join.kind != kind);
        next.joins.push(method);
        Ok(self.to_state(next).map(|plan| Plan { methods: Some(vec![gate]), ..plan }))
    }

    fn without(&self, closed: impl Fn(&room::JoinMethod) -> bool) -> Result<Option<Plan>, Failure> {
        self.demand(Role::Moderator, "Only an owner or a moderator can close a way into the room.")?;
        let mut next = self.state.clone();
        next.joins.retain(|join| !closed(join));
        Ok(self.to_state(next))
    }

    fn edit(&self, edit: &Edit) -> Result<Option<Plan>, Failure> {
        self.demand(Role::Moderator, "Only an owner or a moderator can change this room.")?;
        let mut next = self.state.clone();
        if let Some(name) = &edit.name {
            if next.kind == RoomKind::Direct {
                return Err(not_allowed("A room of two has no name of its own."));
            }
            next.name.clone_from(name);
        }
        if let Some(topic) = &edit.topic {
            next.topic.clone_from(topic);
        }
        if let Some(avatar) = &edit.avatar {
            if next.kind == RoomKind::Direct {
                return Err(not_allowed("A room of two has no picture of its own."));
            }
            next.avatar = avatar::to_bytes(avatar);
        }
        if let Some(retention_s) = edit.retention_s.filter(|seconds| *seconds != next.retention_s) {
            self.demand(Role::Owner, "Only an owner can change how long messages stay.")?;
            next.retention_s = retention_s;
        }
        if let Some(history) = edit.history.filter(|history| *history != next.history) {
            self.demand(Role::Owner, "Only an owner can change what newcomers may read.")?;
            next.history = history;
        }
        Ok(self.to_state(next))
    }

    fn role(&self, account: ids::AccountId, role: Role) -> Result<Option<Plan>, Failure> {
        self.demand(Role::Owner, "Only an owner can give roles.")?;
        if self.state.kind == RoomKind::Direct {
            return Err(not_allowed("In a room of two nobody has a role."));
        }
        if !self.group.roster().contains_key(&account) {
            return Err(failure("not_a_member", "This account is not in the room."));
        }
        let mut next = self.state.clone();
        next.roles.retain(|entry| entry.account != account);
        if role != Role::Member {
            next.roles.push(RoleEntry { account, role });
            next.roles.sort_by_key(|entry| entry.account);
        }
        if next.roles.iter().all(|entry| entry.role != Role::Owner) {
            return Err(not_allowed("A room needs an owner. Make somebody else an owner first."));
        }
        Ok(self.to_state(next))
    }

    fn add(&self, newcomers: &[Newcomer]) -> Option<Plan> {
        let missing =
            newcomers.iter().filter(|newcomer| !self.group.roster().contains_key(&newcomer.account));
        let missing: Vec<_> = missing.cloned().collect();
        let welcomed: Vec<_> = missing.iter().map(|newcomer| AccountId(newcomer.account.0)).collect();
        let levels = self.levels_of_two(&welcomed);
        (!missing.is_empty()).then(|| Plan { welcomed, levels, ..Plan::of(Change::AddMany(missing)) })
    }

    fn remove(&self, account: ids::AccountId, secret: &JoinSecret) -> Result<Option<Plan>, Failure> {
        if !self.group.roster().contains_key(&account) {
            return Ok(None);
        }
        if self.state.kind == RoomKind::Direct {
            return Err(not_allowed("In a room of two nobody can put the other out. Leave it instead."));
        }
        let above = self.state.role(self.me) == Role::Owner || self.state.role(account) == Role::Member;
        let text = "Only an owner, or a moderator for plain members, can put somebody out.";
        self.demand(Role::Moderator, text)?;
        if !above {
            return Err(not_allowed(text));
        }
        let mut next = self.state.clone();
        next.roles.retain(|entry| entry.account != account);
        let link = next.joins.iter().find(|join| join.kind == JoinKind::Link).cloned();
        next.joins.clear();
        let mut gates = None;
        if let Some(before) = link {
            let method = secret.method(JoinKind::Link, self.me).map_err(|_| damaged())?;
            let method = room::JoinMethod { expires_ms: before.expires_ms, ..method };
            gates = Some(vec![gate(secret, &method, None)]);
            next.joins.push(method);
        }
        let levels = (next.roles != self.state.roles).then(|| levels(&next.roles));
        let plan = Plan::of(Change::Remove(vec![account], Box::new(next)));
        Ok(Some(Plan { methods: gates, levels, ..plan }))
    }

    /// Those who have left and are still here; a statement of a leaf that has changed since says nothing any more.
    fn departed(&self, left: &[(AccountId, Vec<u8>)]) -> Option<Plan> {
        let still = left.iter().map(|(account, said)| (ids::AccountId(account.0), said.clone()));
        let still: Vec<_> =
            still.filter(|(account, said)| self.group.check_leave(*account, said).is_some()).collect();
        (!still.is_empty()).then(|| Plan::of(Change::Departed(still)))
    }

    /// In a room of two both may do everything at the relay, too.
    fn levels_of_two(&self, added: &[AccountId]) -> Option<Vec<(AccountId, u8)>> {
        let both =
            self.group.roster().keys().map(|account| AccountId(account.0)).chain(added.iter().copied());
        (self.state.kind == RoomKind::Direct).then(|| both.map(|account| (account, OWNER_LEVEL)).collect())
    }

    fn readmit(&self, account: ids::AccountId, key_package: &[u8], request: &[u8]) -> Option<Plan> {
        self.group.check_rejoin(account, request)?;
        let (key_package, request) = (key_package.to_vec(), request.to_vec());
        let plan = Plan::of(Change::Readmit { account, key_package, request });
        Some(plan.welcoming(AccountId(account.0)))
    }
}

/// The relay cannot read roles; it keeps these to refuse early what members would refuse.
fn levels(roles: &[RoleEntry]) -> Vec<(AccountId, u8)> {
    let level = |role| match role {
        Role::Member => 0,
        Role::Moderator => 1,
        Role::Owner => OWNER_LEVEL,
    };
    roles.iter().map(|entry| (AccountId(entry.account.0), level(entry.role))).collect()
}
