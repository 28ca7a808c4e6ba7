//! Runs all vectors, and checks that the runner notices when something is wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use waxwing_crypto_core::vectors;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn every_case_holds() {
    for name in vectors::file_names() {
        assert!(vectors::run(name, &read(name)).unwrap() > 1, "{name}");
    }
}

#[test]
fn every_file_has_a_runner_and_every_runner_a_file() {
    let known: BTreeSet<String> = vectors::file_names().map(str::to_owned).collect();
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(known, there);
}

#[test]
fn the_files_are_what_the_generator_makes() {
    for file in vectors::make().unwrap() {
        if file.reproducible {
            assert!(file.json == read(file.name), "{} is out of date", file.name);
        }
        assert!(vectors::run(file.name, &file.json).is_ok(), "{}", file.name);
    }
}

/// Whatever text of a case that holds is changed, it must not hold any more, or the runner ignores that text.
#[test]
fn every_value_matters() {
    for name in vectors::file_names() {
        let file: serde_json::Value = serde_json::from_str(&read(name)).unwrap();
        for case in file["cases"].as_array().unwrap().iter().filter(|case| case["expect"] == "ok") {
            let texts = count_texts(case);
            for which in 0..texts {
                let mut changed = case.clone();
                let member = change_text(&mut changed, &mut { which }, "").unwrap();
                let json = serde_json::json!({ "cases": [changed] }).to_string();
                if member != "name" {
                    assert!(vectors::run(name, &json).is_err(), "{name}: {}: {member}", case["name"]);
                }
            }
        }
    }
}

fn count_texts(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::String(_) => 1,
        serde_json::Value::Array(items) => items.iter().map(count_texts).sum(),
        serde_json::Value::Object(members) => members.values().map(count_texts).sum(),
        _ => 0,
    }
}

/// Changes one text (the first is number 0) and says of which member: another first character, or one where none was.
fn change_text(value: &mut serde_json::Value, which: &mut usize, member: &str) -> Option<String> {
    match value {
        serde_json::Value::String(text) if *which == 0 => {
            // Not 0 or 1: in a recovery key these are what O and L mean.
            let other = if text.starts_with('2') { "3" } else { "2" };
            let rest: String = text.chars().skip(1).collect();
            *text = if text.is_empty() { "00".to_owned() } else { format!("{other}{rest}") };
            Some(member.to_owned())
        }
        serde_json::Value::String(_) => {
            *which -= 1;
            None
        }
        serde_json::Value::Array(items) => items.iter_mut().find_map(|item| change_text(item, which, member)),
        serde_json::Value::Object(members) => {
            members.iter_mut().find_map(|(name, item)| change_text(item, which, name))
        }
        _ => None,
    }
}

/// A refusal must be the one expected: a case that is refused for another reason would hide a bug.
#[test]
fn another_refusal_is_not_enough() {
    for name in vectors::file_names() {
        let file: serde_json::Value = serde_json::from_str(&read(name)).unwrap();
        for case in file["cases"].as_array().unwrap().iter().filter(|case| case["expect"] != "ok") {
            for other in ["ok", "some other error"] {
                let mut turned = case.clone();
                turned["expect"] = other.into();
                let json = serde_json::json!({ "cases": [turned] }).to_string();
                assert!(vectors::run(name, &json).is_err(), "{name}: {}", case["name"]);
            }
        }
    }
}

#[test]
fn broken_files_are_errors() {
    assert!(vectors::run("unknown.json", "{}").is_err());
    assert!(vectors::run("seal.json", "not json").is_err());
    assert!(vectors::run("seal.json", r#"{"cases": []}"#).is_err());
    assert!(
        vectors::run("seal.json", r#"{"cases": [{"name": "empty", "expect": "could not be opened"}]}"#)
            .is_err()
    );
}
