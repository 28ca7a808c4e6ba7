//! What each part may depend on. The relay's manifest shows that it holds no code that could read a message, and
//! `crypto-core` stays usable, and auditable, without the rest of Waxwing.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// The packages of the workspace and everything below them, with all features on and for every platform.
struct Graph {
    names: BTreeMap<String, String>,
    /// What ends up in a build: normal and build dependencies, but not those of tests.
    edges: BTreeMap<String, Vec<String>>,
}

impl Graph {
    fn load() -> Self {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["metadata", "--format-version", "1", "--all-features", "--manifest-path"]);
        let output = cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).output().unwrap();
        assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();

        let packages = metadata["packages"].as_array().unwrap().iter();
        let nodes = metadata["resolve"]["nodes"].as_array().unwrap().iter();
        Self {
            names: packages.map(|package| (text(&package["id"]), text(&package["name"]))).collect(),
            edges: nodes.map(|node| (text(&node["id"]), shipped_dependencies(node))).collect(),
        }
    }

    /// The names of all packages that a build of `package` contains or runs, itself included.
    fn closure(&self, package: &str) -> BTreeSet<&str> {
        let mut pending: Vec<&String> =
            self.names.iter().filter(|(_, name)| *name == package).map(|(id, _)| id).collect();
        assert_eq!(pending.len(), 1, "there must be exactly one package {package}");
        let mut seen = BTreeSet::new();
        while let Some(id) = pending.pop() {
            if seen.insert(id) {
                pending.extend(&self.edges[id]);
            }
        }
        seen.into_iter().map(|id| self.names[id].as_str()).collect()
    }
}

fn shipped_dependencies(node: &Value) -> Vec<String> {
    let is_shipped = |dependency: &&Value| {
        // The kind is null for normal dependencies, "build" or "dev" for the others.
        dependency["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].as_str() != Some("dev"))
    };
    let dependencies = node["deps"].as_array().unwrap().iter();
    dependencies.filter(is_shipped).map(|dependency| text(&dependency["pkg"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn holds_keys(name: &str) -> bool {
    ["waxwing-crypto-core", "waxwing-client"].contains(&name) || name.starts_with("openmls")
}

#[test]
fn the_relay_holds_no_code_that_could_decrypt() {
    let graph = Graph::load();
    let relay = graph.closure("waxwing-relay");
    assert!(relay.contains("waxwing-wire"), "the relay speaks the wire format");
    let forbidden: Vec<&str> = relay.into_iter().filter(|name| holds_keys(name)).collect();
    assert!(forbidden.is_empty(), "the relay depends on {forbidden:?}");
}

#[test]
fn the_cryptography_stands_alone() {
    let graph = Graph::load();
    let crypto_core = graph.closure("waxwing-crypto-core");
    let ours: Vec<&str> = crypto_core.into_iter().filter(|name| name.starts_with("waxwing-")).collect();
    assert_eq!(ours, ["waxwing-crypto-core"]);
}

#[test]
fn the_search_reaches_what_it_looks_for() {
    let graph = Graph::load();
    let client = graph.closure("waxwing-client");
    let found: Vec<&str> = client.into_iter().filter(|name| holds_keys(name)).collect();
    for expected in ["openmls", "openmls_rust_crypto", "waxwing-client", "waxwing-crypto-core"] {
        assert!(found.contains(&expected), "{expected} is missing in {found:?}");
    }
}
