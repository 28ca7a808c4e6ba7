//! Test vectors: what every implementation has to compute, and what it has to refuse.
//!
//! A file of `tests/vectors` is `{"description", "cases"}`; a case names itself and what to expect: `"ok"`, or the
//! text of the error. Nothing here touches files, so that the same vectors run in the browser.
//!
//! To add a file: write a runner, and a maker if it can be made from fixed bytes, and name both in `FILES`.

mod account;
mod attachment;
mod commit;
mod group;
mod hpke;
mod identity;
mod login;
mod message;
mod recovery;
mod report;
mod room;
mod signal;
mod state;
mod statement;
mod symmetric;
pub(crate) mod tools;
mod trust;

use serde_json::{Value, json};

use tools::{Case, Failure};

/// One file of vectors.
struct VectorFile {
    name: &'static str,
    description: &'static str,
    run: fn(&Case<'_>) -> Result<(), Failure>,
    make: fn() -> Result<Vec<Value>, Failure>,
    /// Made the same every time. The others hold randomness of a library and are kept once they exist.
    reproducible: bool,
}

const FILES: &[VectorFile] = &[
    VectorFile {
        name: "label.json",
        description: "L(label, fields), its SHA-256, and HKDF-SHA-256 with it as info",
        run: symmetric::run_label,
        make: symmetric::make_label,
        reproducible: true,
    },
    VectorFile {
        name: "padding.json",
        description: "padded plaintexts and padded lengths",
        run: symmetric::run_padding,
        make: symmetric::make_padding,
        reproducible: true,
    },
    VectorFile {
        name: "seal.json",
        description: "Seal with a fixed salt; cases without a salt are to be opened only",
        run: symmetric::run_seal,
        make: symmetric::make_seal,
        reproducible: true,
    },
    VectorFile {
        name: "identity.json",
        description: "signatures framed as SignContent, and fingerprints",
        run: identity::run,
        make: identity::make,
        reproducible: true,
    },
    VectorFile {
        name: "recovery.json",
        description: "written recovery keys, and what people type instead",
        run: recovery::run,
        make: recovery::make,
        reproducible: true,
    },
    VectorFile {
        name: "account.json",
        description: "keys of a root key, vaults, wraps and account data with fixed salts",
        run: account::run,
        make: account::make,
        reproducible: true,
    },
    VectorFile {
        name: "hpke.json",
        description: "X-Wing key pairs, and sealed values to be opened; sealing draws its own randomness",
        run: hpke::run,
        make: hpke::make,
        reproducible: false,
    },
    VectorFile {
        name: "login.json",
        description: "OPAQUE client with fixed randomness against recorded responses, and limits of its parameters",
        run: login::run,
        make: login::make,
        reproducible: true,
    },
    VectorFile {
        name: "trust.json",
        description: "safety numbers, contact links, statements of a changed key, published key packages",
        run: trust::run,
        make: trust::make,
        reproducible: true,
    },
    VectorFile {
        name: "room_password.json",
        description: "handles of rooms, their passwords, and the link that a password opens",
        run: trust::run_room_password,
        make: trust::make_room_password,
        reproducible: true,
    },
    VectorFile {
        name: "attachment.json",
        description: "files in chunks, byte n of which is n modulo 251, and their descriptions",
        run: attachment::run,
        make: attachment::make,
        reproducible: true,
    },
    VectorFile {
        name: "signal.json",
        description: "signals with fixed salts",
        run: signal::run,
        make: signal::make,
        reproducible: true,
    },
    VectorFile {
        name: "report.json",
        description: "reports to an operator; sealing draws its own randomness",
        run: report::run,
        make: report::make,
        reproducible: false,
    },
    VectorFile {
        name: "place.json",
        description: "codes that keep a guest's place",
        run: recovery::run_place,
        make: recovery::make_place,
        reproducible: true,
    },
    VectorFile {
        name: "log.json",
        description: "digests of entries, and the chain over them",
        run: room::run_log,
        make: room::make_log,
        reproducible: true,
    },
    VectorFile {
        name: "epoch.json",
        description: "keys of an epoch, and what is sealed under them or for the keyring, with fixed salts",
        run: room::run_epoch,
        make: room::make_epoch,
        reproducible: true,
    },
    VectorFile {
        name: "message.json",
        description: "messages with fixed salts; cases without a salt are to be opened only",
        run: message::run,
        make: message::make,
        reproducible: true,
    },
    VectorFile {
        name: "invite.json",
        description: "invite links, and what follows from the secret of a join method",
        run: room::run_invite,
        make: room::make_invite,
        reproducible: true,
    },
    VectorFile {
        name: "group.json",
        description: "a room as stored: its context, the way in by a link, its snapshot, commits to be judged",
        run: group::run,
        make: group::make,
        reproducible: false,
    },
    VectorFile {
        name: "state.json",
        description: "room states with the members of the room, and states that no room can have",
        run: state::run,
        make: state::make,
        reproducible: true,
    },
    VectorFile {
        name: "statement.json",
        description: "what members say about themselves, signed; the id of a leaf; the digits that members compare",
        run: statement::run,
        make: statement::make,
        reproducible: true,
    },
    VectorFile {
        name: "commit.json",
        description: "commits of a plain member that act on statements or change a key, to be judged",
        run: commit::run,
        make: commit::make,
        reproducible: false,
    },
];

/// Names of all files of vectors.
pub fn file_names() -> impl Iterator<Item = &'static str> {
    FILES.iter().map(|file| file.name)
}

/// Runs every case of a file and says how many there were.
///
/// # Errors
/// What the first case that went wrong is called and how.
pub fn run(file_name: &str, json: &str) -> Result<usize, String> {
    let file = FILES
        .iter()
        .find(|file| file.name == file_name)
        .ok_or_else(|| format!("{file_name}: no runner for this file"))?;
    let content: Value = serde_json::from_str(json).map_err(|error| format!("{file_name}: {error}"))?;
    let cases = content
        .get("cases")
        .and_then(Value::as_array)
        .filter(|cases| !cases.is_empty())
        .ok_or_else(|| format!("{file_name}: no cases"))?;
    for case in cases {
        check(file, &Case(case))?;
    }
    Ok(cases.len())
}

fn check(file: &VectorFile, case: &Case<'_>) -> Result<(), String> {
    let name = case.text("name").unwrap_or("case without a name");
    let wrong = |what: String| Err(format!("{}: {name}: {what}", file.name));
    let Ok(expect) = case.text("expect") else { return wrong("nothing expected".into()) };
    match (expect, (file.run)(case)) {
        ("ok", Ok(())) => Ok(()),
        (_, Ok(())) => wrong(format!("was accepted, expected \"{expect}\"")),
        (_, Err(Failure::Refused(error))) if error == expect => Ok(()),
        (_, Err(Failure::Refused(error))) => {
            wrong(format!("was refused with \"{error}\", expected \"{expect}\""))
        }
        (_, Err(Failure::Broken(what))) => wrong(what),
    }
}

/// One file as [`make`] gives it.
#[derive(Debug)]
pub struct MadeFile {
    /// Name inside `tests/vectors`.
    pub name: &'static str,
    /// Content, ending with a newline.
    pub json: String,
    /// Whether it is the same every time; otherwise an existing file stays.
    pub reproducible: bool,
}

/// Makes all files from fixed bytes.
///
/// # Errors
/// What could not be computed.
pub fn make() -> Result<Vec<MadeFile>, String> {
    FILES
        .iter()
        .map(|file| {
            let cases = (file.make)().map_err(|failure| format!("{}: {failure:?}", file.name))?;
            let content = json!({ "description": file.description, "cases": cases });
            let mut json = serde_json::to_string_pretty(&content).map_err(|error| error.to_string())?;
            json.push('\n');
            Ok(MadeFile { name: file.name, json, reproducible: file.reproducible })
        })
        .collect()
}
