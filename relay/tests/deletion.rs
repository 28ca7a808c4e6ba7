//! The end of an account.

mod support;

use support::{
    Running,
    account::{Http, PASSWORD, Refused, first, ke3, login_start, people, refused, register, register_start},
    requests::{adding, append, sealed},
    rooms, start,
};
use waxwing_wire::{
    AccountId, Opaque,
    account::{DeleteAccount, Empty, LoginAccepted, ServerInfo, path},
    frame::{EndReason, Event, Request, Response, close},
};

/// Tables in which this account is named, with the columns.
fn traces(running: &Running, account: AccountId) -> Vec<String> {
    let db = running.database();
    let sql = "SELECT t.name, c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
        WHERE t.type = 'table' AND c.type = 'BLOB' ORDER BY 1, 2";
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let columns: Vec<(String, String)> = columns.map(Result::unwrap).collect();
    let named = |(table, column): &(String, String)| {
        let sql = format!("SELECT count(*) FROM {table} WHERE {column} = ?1");
        db.query_row(&sql, [account.0], |row| row.get::<_, i64>(0)).unwrap() > 0
    };
    columns.iter().filter(|column| named(column)).map(|(table, column)| format!("{table}.{column}")).collect()
}

fn delete(proof: &Opaque) -> DeleteAccount {
    DeleteAccount { proof: proof.clone(), only_check: false }
}

#[tokio::test]
async fn a_deleted_account_leaves_only_what_belongs_to_others() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    let shared = rooms::create(&mut of_jon).await;
    rooms::accepted(&mut of_jon, adding(shared, 0, 1, mira.id)).await;
    rooms::appended(&mut of_jon, append(shared, 1, "what I said")).await;
    let own = rooms::create(&mut of_jon).await;
    assert_eq!(of_jon.ask(Request::PutKeyPackage(sealed("package"))).await, Ok(Response::Done));
    let (here, proof) = jon.again(0).await;
    let _: Empty = here.call(path::DELETE, &delete(&proof)).await.unwrap();

    loop {
        match of_mira.event().await {
            Event::MemberGone { room, account } => break assert_eq!((room, account), (shared, jon.id)),
            Event::RoomAdded(_) | Event::Entry { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    loop {
        match of_jon.event().await {
            Event::SessionEnded { reason } => break assert_eq!(reason, EndReason::Deleted),
            Event::RoomAdded(_) | Event::RoomRemoved(_) | Event::Entry { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(of_jon.close_code().await, close::NOT_LOGGED_IN);
    match of_mira.ask(Request::Entries { room: shared, after: 0, limit: 9 }).await {
        Ok(Response::Entries { entries, .. }) => assert_eq!(entries.len(), 2, "what was said stays"),
        other => panic!("{other:?}"),
    }
    assert_eq!(of_mira.ask(Request::Members(shared)).await, Ok(Response::Members(vec![mira.id])));
    let left = running
        .database()
        .query_row("SELECT count(*) FROM rooms WHERE room = ?1", [own.0], |row| row.get::<_, i64>(0));
    assert_eq!(left.unwrap(), 0, "nobody else was in it");
    let traces = traces(&running, jon.id);
    let shared_with_others = [
        "audit.actor",
        "epochs.author",
        // So that nobody takes the id again.
        "former_accounts.account",
        "history_links.author",
        "log_entries.sender",
        "public_states.author",
        "welcomes.author",
    ];
    assert!(traces.iter().all(|trace| shared_with_others.contains(&trace.as_str())), "{traces:?}");
}

#[tokio::test]
async fn nobody_comes_back_under_the_name_of_a_deleted_account() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (here, proof) = jon.again(0).await;
    let only_check = DeleteAccount { proof: proof.clone(), only_check: true };
    let _: Empty = here.call(path::DELETE, &only_check).await.unwrap();
    assert_eq!(here.session().await.status(), 200, "only asked");
    let _: Empty = here.call(path::DELETE, &delete(&proof)).await.unwrap();
    assert_eq!(
        here.call::<Empty>(path::DELETE, &delete(&proof)).await.err(),
        Some(refused(401, "not_logged_in"))
    );
    for name in ["jon", "j0n"] {
        let taken = register_start(&mira.http, name, PASSWORD, None).await.err();
        assert_eq!(taken, Some(refused(409, "username_taken")), "{name}");
    }
    let (state, started) = login_start(&mira.http, "jon", PASSWORD).await.unwrap();
    assert!(ke3(state, PASSWORD, &started).is_none(), "as for a name that nobody ever had");
    let answer: Result<LoginAccepted, Refused> = mira
        .http
        .call(
            path::LOGIN_FINISH,
            &waxwing_wire::account::LoginFinish {
                login: started.login,
                opaque_finalization: Opaque(vec![1; 64]),
            },
        )
        .await;
    assert_eq!(answer.err(), Some(refused(401, "wrong_credentials")));
}

#[tokio::test]
async fn the_last_administrator_stays_while_there_are_others() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let jon = register(&mira.http, "jon", None).await.unwrap();
    let (here, proof) = mira.again(0).await;
    let (_, of_jon) = jon.again(0).await;
    assert_eq!(
        here.call::<Empty>(path::DELETE, &delete(&of_jon)).await.err(),
        Some(refused(410, "attempt_expired"))
    );
    let last = Some(refused(409, "last_administrator"));
    assert_eq!(here.call::<Empty>(path::DELETE, &delete(&proof)).await.err(), last);
    assert_eq!(here.session().await.status(), 200);
    running.database().execute("UPDATE accounts SET administrator = 1", []).unwrap();
    let _: Empty = here.call(path::DELETE, &delete(&proof)).await.expect("another one is left");
    let (alone, proof) = jon.again(1).await;
    let _: Empty = alone.call(path::DELETE, &delete(&proof)).await.expect("nobody else is there");
    let info: ServerInfo = Http::new(&running).get(path::SERVER).send().await.unwrap().json().await.unwrap();
    assert!(info.setup_required);
}

#[tokio::test]
async fn a_relay_whose_only_account_is_gone_is_set_up_again_without_a_restart() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    assert_eq!(running.relay.later_setup_token(), None);
    let (here, proof) = mira.again(0).await;
    let _: Empty = here.call(path::DELETE, &delete(&proof)).await.unwrap();
    let mut token = None;
    for _ in 0..200 {
        token = running.relay.later_setup_token();
        if token.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let http = Http::new(&running);
    let old = register(&http, "jon", running.relay.setup_token.as_deref()).await.err();
    assert_eq!(old, Some(refused(403, "setup_link_invalid")));
    let jon = register(&http, "jon", token.as_deref()).await.unwrap();
    assert!(jon.info.administrator);
}
