//! What the operator says, sets and sees: announcements, invites, settings, statistics, the audit log.

mod support;

use std::time::Duration;

use reqwest::header::COOKIE;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use support::{
    account::{Http, first, people, register},
    admin::refused,
    rooms::{self, append, appended},
    start,
};
use waxwing_relay::command::serve::Relay;
use waxwing_wire::{
    ProblemCode,
    account::{ServerInfo, path as own},
    admin::{
        Announced, AnnouncementList, AuditList, AuditVerdict, InviteList, InviteMade, Level, Noted, Settings,
        StatisticsPage, path,
    },
    frame::{Event, Request, Response},
};

#[tokio::test]
async fn announcements_reach_everybody_now_and_later() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut of_jon = jon.stream().await;
    let text = "Tonight at ten the relay\nis down for a minute. äöü";
    let Announced { id } = mira
        .tell(path::ANNOUNCEMENTS, &json!({"text": format!(" {text} "), "level": "warning"}))
        .await
        .unwrap();
    let Event::Announcements(standing) = of_jon.event().await else { panic!("no announcement") };
    assert_eq!((standing[0].id, standing[0].text.as_str(), standing[0].level), (id, text, Level::Warning));

    let mut later = support::stream::open(&running.origin, Some(&jon.cookie), None).await.unwrap();
    let hello = later.ask(Request::Hello { cursors: Vec::new(), take_over: true }).await;
    let Ok(Response::Hello { announcements, .. }) = hello else { panic!("{hello:?}") };
    assert_eq!(announcements, standing);

    let withdraw = path::ANNOUNCEMENT_WITHDRAW.replace("{id}", &id.to_string());
    mira.tell::<Value>(&withdraw, &json!({})).await.unwrap();
    assert_eq!(later.event().await, Event::Announcements(Vec::new()));
    let again = mira.tell::<Value>(&withdraw, &json!({})).await;
    assert_eq!(again.err(), Some(refused(404, "not_found")));
    let list: AnnouncementList = mira.ask(path::ANNOUNCEMENTS).await.unwrap();
    assert_eq!(list.announcements[0].author.as_deref(), Some("mira"));
    assert!(list.announcements[0].withdrawn_at_ms.is_some());
    let kinds: Vec<String> = mira.audit("limit=2").await.into_iter().map(|(kind, ..)| kind).collect();
    assert_eq!(kinds, ["announcement_withdrawn", "announced"]);
}

#[tokio::test]
async fn announcements_are_bounded_and_end_by_themselves() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    for (body, code) in [
        (json!({"text": " ", "level": "info"}), "invalid"),
        (json!({"text": "x".repeat(2001), "level": "info"}), "invalid"),
        (json!({"text": "a\u{7}b", "level": "info"}), "invalid"),
        (json!({"text": "a\n\u{202e}b", "level": "info"}), "invalid"),
        (json!({"text": "x", "level": "loud"}), "invalid"),
        (json!({"text": "x", "level": "info", "expires_at_ms": 1}), "invalid"),
    ] {
        let answer = mira.tell::<Value>(path::ANNOUNCEMENTS, &body).await;
        assert_eq!(answer.err(), Some(refused(422, code)), "{body}");
    }
    let soon = support::now_s() * 1000 + 1500;
    let short = json!({"text": "😀".repeat(2000), "level": "info", "expires_at_ms": soon});
    mira.tell::<Announced>(path::ANNOUNCEMENTS, &short).await.unwrap();
    tokio::time::sleep(Duration::from_millis(2600)).await;
    let (_, _) = mira.stream_from(Vec::new()).await;
    let mut stream = support::stream::open(&running.origin, Some(&mira.cookie), None).await.unwrap();
    let hello = stream.ask(Request::Hello { cursors: Vec::new(), take_over: true }).await;
    assert!(matches!(hello, Ok(Response::Hello { announcements, .. }) if announcements.is_empty()));
    let one = json!({"text": "x", "level": "info"});
    for _ in 0..20 {
        mira.tell::<Announced>(path::ANNOUNCEMENTS, &one).await.unwrap();
    }
    let more = mira.tell::<Value>(path::ANNOUNCEMENTS, &one).await;
    assert_eq!(more.err(), Some(refused(409, "limit_reached")));
}

#[tokio::test]
async fn an_invite_code_makes_as_many_accounts_as_it_says() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    mira.tell::<Settings>(path::SETTINGS, &json!({"registration": "invite"})).await.unwrap();
    let http = Http::new(&running);
    assert_eq!(register(&http, "jon", None).await.err(), Some(refused(403, "invite_invalid")));
    let made: InviteMade = mira.tell(path::INVITES, &json!({"uses": 1, "note": "for Jon"})).await.unwrap();
    assert_eq!(made.link, format!("{}/#/invite/{}", running.origin, made.code));
    let list: InviteList = mira.ask(path::INVITES).await.unwrap();
    assert_eq!((list.invites[0].uses_left, list.invites[0].note.as_deref()), (1, Some("for Jon")));
    assert!(!serde_json::to_string(&list).unwrap().contains(&made.code), "told once");

    let revoke = path::INVITE_REVOKE.replace("{id}", &made.id.to_string());
    mira.tell::<Value>(&revoke, &json!({})).await.unwrap();
    assert_eq!(mira.tell::<Value>(&revoke, &json!({})).await.err(), Some(refused(404, "not_found")));
    for body in [
        json!({"uses": 1, "note": "for\u{200b}Jon"}),
        json!({"uses": 0}),
        json!({"uses": 1001}),
        json!({"uses": 1, "expires_at_ms": 5}),
    ] {
        let answer = mira.tell::<Value>(path::INVITES, &body).await;
        assert_eq!(answer.err(), Some(refused(422, "invalid")), "{body}");
    }
}

#[tokio::test]
async fn settings_count_at_once_and_after_a_restart_until_they_are_set_back() {
    support::steady_step().await;
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(support::config(folder.path())).await.unwrap();
    let http = Http::at(&format!("http://{}", relay.address));
    let mira = register(&http, "mira", relay.setup_token.as_deref()).await.unwrap();
    let change = json!({"name": " Harbour ", "registration": "closed", "messages_per_second": 3});
    let settings: Settings = mira.tell(path::SETTINGS, &change).await.unwrap();
    assert_eq!((settings.name.value.as_str(), settings.name.default.as_str()), ("Harbour", "Waxwing"));
    assert!(settings.name.set && !settings.totp.set);
    let info: ServerInfo = mira.ask(own::SERVER).await.unwrap();
    assert_eq!(info.name, "Harbour");
    assert_eq!(register(&http, "jon", None).await.err(), Some(refused(403, "registration_closed")));
    let log = mira.audit("kind=setting_changed").await;
    assert_eq!(log.len(), 3);
    assert!(log.contains(&(
        "setting_changed".into(),
        "setting:registration".into(),
        "open -> closed".into()
    )));
    for bad in [
        json!({"name": ""}),
        json!({"name": "x".repeat(81)}),
        json!({"name": "Harb\u{2066}our"}),
        json!({"messages_per_second": 0}),
        json!({"session_hours": 0}),
        json!({"registration": "sometimes"}),
        json!({"unknown": 1}),
    ] {
        let answer = mira.tell::<Value>(path::SETTINGS, &bad).await;
        assert_eq!(answer.err(), Some(refused(422, "invalid")), "{bad}");
    }
    relay.stop().await;

    let relay = Relay::start(support::config(folder.path())).await.unwrap();
    let origin = format!("http://{}", relay.address);
    let mira = support::account::Person { http: Http::at(&origin), ..mira };
    let settings: Settings = mira.ask(path::SETTINGS).await.unwrap();
    assert_eq!((settings.name.value.as_str(), settings.messages_per_second.value), ("Harbour", 3));
    let back = json!({"name": null, "registration": null, "messages_per_second": null});
    let settings: Settings = mira.tell(path::SETTINGS, &back).await.unwrap();
    assert_eq!((settings.name.value.as_str(), settings.name.set), ("Waxwing", false));
    register(&mira.http, "jon", None).await.unwrap();
}

#[tokio::test]
async fn statistics_are_watched_by_administrators_only() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (mut of_mira, mut of_jon) = (mira.stream().await, jon.stream().await);
    assert_eq!(of_jon.refused(Request::WatchStatistics(true)).await, ProblemCode::NotAdministrator);
    let room = rooms::create(&mut of_jon).await;
    for _ in 0..5 {
        appended(&mut of_jon, append(room, 0, "hello")).await;
    }
    of_mira.ask(Request::WatchStatistics(true)).await.unwrap();
    let now = loop {
        if let Event::Statistics(now) = of_mira.event().await
            && now.messages_total == 5
        {
            break now;
        }
    };
    assert_eq!((now.users, now.pending, now.online, now.connections), (2, 0, 2, 2));
    assert_eq!(now.messages_today, 5);
    assert!(now.database_bytes > 0 && now.wal_bytes > 0 && now.memory_bytes.is_some_and(|bytes| bytes > 0));
    assert!(now.disk_free_bytes.is_some_and(|bytes| bytes > 0));
    let page: StatisticsPage = mira.ask(path::STATISTICS).await.unwrap();
    assert!(
        page.history
            .iter()
            .any(|sample| sample.write_p95_us > 0 && sample.write_p50_us <= sample.write_p95_us)
    );
    assert!(page.history.iter().any(|sample| sample.http_p50_us > 0 && sample.bytes_in_per_s > 0));
    assert!(page.history.iter().any(|sample| sample.bytes_out_per_s > 0 && sample.requests_per_minute > 0));
    assert!(page.hours[0].messages <= 5 && page.hours[0].requests > 0);
    assert!(page.now.refused >= 1 && page.now.failed == 0);

    // Who is administrator no longer sees no more.
    mira.act(path::PROMOTE, jon.id).await.unwrap();
    jon.act(path::DEMOTE, mira.id).await.unwrap();
    of_mira.events.clear();
    of_mira.ask(Request::Ping).await.unwrap();
    of_mira.events.clear();
    tokio::time::sleep(Duration::from_secs(5)).await;
    of_mira.ask(Request::Ping).await.unwrap();
    assert!(!of_mira.events.iter().any(|event| matches!(event, Event::Statistics(_))));
}

#[tokio::test]
async fn the_hours_outlive_a_restart() {
    support::steady_step().await;
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(support::config(folder.path())).await.unwrap();
    let http = Http::at(&format!("http://{}", relay.address));
    let mira = register(&http, "mira", relay.setup_token.as_deref()).await.unwrap();
    let wanted = loop {
        let page: StatisticsPage = mira.ask(path::STATISTICS).await.unwrap();
        match page.hours.last() {
            Some(hour) if hour.requests > 4 => break *hour,
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    relay.stop().await;
    let relay = Relay::start(support::config(folder.path())).await.unwrap();
    let mira = support::account::Person { http: Http::at(&format!("http://{}", relay.address)), ..mira };
    let page = loop {
        let page: StatisticsPage = mira.ask(path::STATISTICS).await.unwrap();
        if !page.hours.is_empty() {
            break page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let hour = page.hours.iter().find(|hour| hour.at_ms == wanted.at_ms).expect("the hour from before");
    assert!(hour.requests >= wanted.requests && hour.bytes_out >= wanted.bytes_out);
}

#[tokio::test]
async fn the_audit_log_is_searched_verified_and_exported() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    for _ in 0..3 {
        mira.act(path::KICK, jon.id).await.unwrap();
    }
    mira.act(path::PROMOTE, jon.id).await.unwrap();
    let all: AuditList = mira.ask(path::AUDIT).await.unwrap();
    let newest = &all.entries[0];
    assert_eq!((newest.actor, newest.actor_name.as_deref()), (Some(mira.id), Some("mira")));
    assert_eq!((newest.target_name.as_deref(), newest.detail.as_str()), (Some("jon"), "because"));
    let count = async |query: &str| mira.audit(query).await.len();
    assert_eq!(count("kind=kicked").await, 3);
    assert_eq!(count("kind=kicked&query=JON").await, 3, "by the name of the target");
    assert_eq!(count("kind=kicked&query=nobody").await, 0);
    assert_eq!(count("kind=promoted&query=because").await, 1);
    assert_eq!(count(&format!("kind=kicked&actor={}", mira.id)).await, 3);
    assert_eq!(count(&format!("kind=kicked&actor={}", jon.id)).await, 0);
    assert_eq!(count(&format!("kind=kicked&from={}", newest.at_ms + 1)).await, 0);
    assert_eq!(count(&format!("kind=kicked&to={}", newest.at_ms + 1)).await, 3);
    let page: AuditList = mira.ask(&format!("{}?kind=kicked&limit=2", path::AUDIT)).await.unwrap();
    let next = page.next.unwrap();
    let rest: AuditList =
        mira.ask(&format!("{}?kind=kicked&limit=2&after={next}", path::AUDIT)).await.unwrap();
    assert_eq!((page.entries.len(), rest.entries.len(), rest.next), (2, 1, None));
    let bad = mira.ask::<Value>(&format!("{}?kind=sneezed", path::AUDIT)).await;
    assert_eq!(bad.err(), Some(refused(422, "invalid")));

    let response = mira.http.get(path::AUDIT_EXPORT).header(COOKIE, &mira.cookie).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let text = response.text().await.unwrap();
    let head = verify_elsewhere(&text);
    let verdict: AuditVerdict = mira.ask(path::AUDIT_VERIFY).await.unwrap();
    assert_eq!((verdict.ok, verdict.first_bad), (true, None));
    assert_eq!(verdict.entries, text.lines().count() as u64);
    assert_eq!(verdict.head.as_bytes(), head);
    let noted = Noted { seq: verdict.entries, chain: head.try_into().unwrap() };
    let other = Noted { chain: [0; 32], ..noted };
    let beyond = Noted { seq: noted.seq + 9, ..noted };
    for (seen, known) in [(noted, true), (other, false), (beyond, false)] {
        let verdict: AuditVerdict = mira.ask(&format!("{}?seen={seen}", path::AUDIT_VERIFY)).await.unwrap();
        assert_eq!((verdict.ok, verdict.seen), (true, Some(known)), "{seen}");
    }
    let bad = mira.ask::<Value>(&format!("{}?seen=7", path::AUDIT_VERIFY)).await;
    assert_eq!(bad.err(), Some(refused(422, "invalid")));
    assert!(text.lines().last().unwrap().contains("audit_exported"), "the export is an act too");

    // Somebody with the file in hand takes the triggers away and changes a row.
    let db = rusqlite::Connection::open(running.folder.path().join("waxwing.db")).unwrap();
    db.execute_batch("DROP TRIGGER audit_is_not_changed; UPDATE audit SET detail = 'never' WHERE seq = 2")
        .unwrap();
    let verdict: AuditVerdict = mira.ask(path::AUDIT_VERIFY).await.unwrap();
    assert_eq!((verdict.ok, verdict.first_bad, verdict.entries), (false, Some(2), 1));
}

#[tokio::test]
async fn the_audit_log_is_verified_on_the_command_line() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    mira.tell::<Settings>(path::SETTINGS, &json!({"name": "Harbour"})).await.unwrap();
    let check = |folder: &std::path::Path, seen: &[&str]| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_waxwing-relay"));
        program.args(["audit", "verify", "--data"]).arg(folder).args(seen).output().unwrap()
    };
    let verify = |folder: &std::path::Path| check(folder, &[]);
    let fine = verify(running.folder.path());
    let said = String::from_utf8(fine.stdout).unwrap();
    assert!(fine.status.success() && said.contains("each follows from the one before"), "{said}");
    // What it prints is what it takes.
    let noted = said.trim().rsplit(' ').next().unwrap();
    assert!(check(running.folder.path(), &["--seen", noted]).status.success());
    let gone = check(running.folder.path(), &["--seen", &format!("9{noted}")]);
    let said = String::from_utf8(gone.stdout).unwrap();
    assert!(!gone.status.success() && said.contains("cut off or written anew"), "{said}");
    let db = rusqlite::Connection::open(running.folder.path().join("waxwing.db")).unwrap();
    db.execute_batch("DROP TRIGGER audit_is_not_changed; UPDATE audit SET at_ms = 1 WHERE seq = 1").unwrap();
    let changed = verify(running.folder.path());
    let said = String::from_utf8(changed.stdout).unwrap();
    assert!(!changed.status.success() && said.contains("entry 1 does not follow"), "{said}");
    let nowhere = verify(std::path::Path::new("/nowhere"));
    assert!(!nowhere.status.success() && !nowhere.stderr.is_empty());
}

/// What docs/operating/administration.md tells to do with an export.
fn verify_elsewhere(text: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let hash = |parts: &[&[u8]]| {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update(u32::try_from(part.len()).unwrap().to_be_bytes());
            hash.update(part);
        }
        hash.finalize().to_vec()
    };
    let mut chain = hash(&[b"Waxwing 1 audit"]);
    for (index, line) in text.lines().enumerate() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let number = |name: &str| entry[name].as_u64().unwrap();
        let text = |name: &str| entry[name].as_str().unwrap_or_default();
        assert_eq!(number("seq"), index as u64 + 1);
        let actor = URL_SAFE_NO_PAD.decode(text("actor")).unwrap();
        chain = hash(&[
            b"Waxwing 1 audit entry",
            &chain,
            &number("seq").to_be_bytes(),
            &number("at_ms").to_be_bytes(),
            &actor,
            text("kind").as_bytes(),
            text("target").as_bytes(),
            text("detail").as_bytes(),
        ]);
        assert_eq!(text("chain"), URL_SAFE_NO_PAD.encode(&chain), "{line}");
    }
    chain
}
