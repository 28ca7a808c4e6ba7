//! What every scenario begins with.

use waxwing_client::api::{Failure, Intent, Reply, Role};
use waxwing_tests::sim::code;

use crate::world::World;

pub fn room(result: Result<Reply, Failure>) -> String {
    match result {
        Ok(Reply::Room { room }) => room,
        other => panic!("{other:?}"),
    }
}

/// Mira, Jonas and Aicha, and a room of Mira's with a link.
pub struct Three {
    pub world: World,
    pub mira: usize,
    pub jonas: usize,
    pub aicha: usize,
    pub room: String,
    pub invite: String,
}

impl Three {
    pub async fn new() -> Self {
        let mut world = World::new();
        let mira = world.register("mira").await;
        let jonas = world.register("jonas").await;
        let aicha = world.register("aicha").await;
        let room = room(world.call(mira, Intent::CreateRoom { name: "Ops room".into() }).await);
        let invite = match world.call(mira, Intent::CreateInvite { room: room.clone(), lasts: None }).await {
            Ok(Reply::Invite { invite, .. }) => invite,
            other => panic!("{other:?}"),
        };
        Self { world, mira, jonas, aicha, room, invite }
    }

    pub async fn joins(&mut self, d: usize) {
        let join = Intent::JoinRoom { invite: self.invite.clone() };
        assert_eq!(room(self.world.call(d, join).await), self.room);
    }

    pub async fn done(&mut self, d: usize, intent: impl Into<Intent>) {
        assert_eq!(self.world.call(d, intent).await, Ok(Reply::Done));
    }

    pub async fn refused(&mut self, d: usize, intent: impl Into<Intent>) -> String {
        code(self.world.call(d, intent).await)
    }

    /// Sends, and waits until everybody who should has read everything.
    pub async fn talk(&mut self, d: usize, readers: &[usize], said: &[&str]) {
        let (room, text) = (self.room.clone(), *said.last().unwrap());
        self.world.say(d, &room, text).await;
        self.world.all_read(readers, &room, said).await;
    }

    pub fn role(&self, d: usize, of: usize) -> Role {
        let account = self.world.account(of);
        let people = &self.world.devices[d].rooms[&self.room].people;
        people.iter().find(|person| person.account == account).expect("known").role
    }

    pub fn members(&self, d: usize) -> u32 {
        self.world.devices[d].rooms[&self.room].members
    }
}
