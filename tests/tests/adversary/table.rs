//! The table of attacks in docs/threat-model.md names the test of each, and leaves no test out.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Names of the tests of this target, as `file::name`.
fn tests() -> BTreeSet<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/adversary");
    let mut names = BTreeSet::new();
    for file in fs::read_dir(directory).expect("the sources are there") {
        let path = file.expect("a file").path();
        let module = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("UTF-8");
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let named = if line == "#[test]" { lines.next() } else { None };
            let name =
                named.and_then(|line| line.strip_prefix("fn ")).and_then(|rest| rest.split('(').next());
            names.extend(name.map(|name| format!("{module}::{name}")));
        }
    }
    names
}

/// What the table says: the names in backticks in the last column of its rows.
fn table() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/threat-model.md");
    let text = fs::read_to_string(page).expect("UTF-8");
    let (_, section) = text.split_once("## Attacks that are tried").expect("the section is there");
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    rows.flat_map(|row| {
        let last = row.trim_end_matches(" |").rsplit("| ").next().unwrap_or_default();
        last.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>()
    })
    .collect()
}

/// Every class says how many attacks share its seeds.
#[test]
fn classes_count_their_attacks() {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for name in tests() {
        *counts.entry(name.split(':').next().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts.remove("table");
    for (class, count) in counts {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/adversary/{class}.rs"));
        let text = fs::read_to_string(path).expect("UTF-8");
        let said = format!("const ATTACKS: u64 = {count};");
        assert!(text.contains(&said), "{class} has {count} attacks");
    }
}

#[test]
fn table_and_tests_name_each_other() {
    let tests: BTreeSet<String> = tests().into_iter().filter(|name| !name.starts_with("table::")).collect();
    let table = table();
    let unique: BTreeSet<String> = table.iter().cloned().collect();
    assert_eq!(unique.len(), table.len(), "a test is named twice");
    assert_eq!(unique, tests);
    assert!(tests.len() > 30, "the tests are found: {tests:?}");
}
