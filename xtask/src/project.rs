//! Where things are in the checkout, and the cargo that works on it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::process;

/// The target triple of code that runs in a browser.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// The checkout and cargo's output directory.
pub struct Project {
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// Finds the checkout that this program was built from.
    ///
    /// # Errors
    /// When cargo cannot describe the workspace, for example because a manifest is broken.
    pub fn locate() -> Result<Self> {
        // Cargo sets the variable when it runs us; the value from compile time is stale once a checkout has moved.
        let manifest =
            std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest).parent().context("xtask lies outside of a checkout")?.to_path_buf();
        let mut cargo = cargo_in(&root);
        let metadata = process::output(cargo.args(["metadata", "--no-deps", "--format-version", "1"]))?;
        let metadata: serde_json::Value =
            serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
        let target =
            metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
        Ok(Self { target: PathBuf::from(target), root })
    }

    /// A path below the root of the checkout.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A path below cargo's output directory.
    pub fn target(&self, relative: &str) -> PathBuf {
        self.target.join(relative)
    }

    /// The npm package of the web app.
    pub fn web(&self) -> PathBuf {
        self.path("web")
    }

    /// The program that computes crypto-core's vectors a second time.
    pub fn independent_check(&self) -> PathBuf {
        self.path("crypto-core/tests/independent")
    }

    /// The npm package of the browser tests.
    pub fn browser_tests(&self) -> PathBuf {
        self.path("tests/browser")
    }

    /// Cargo, at the root of the checkout.
    pub fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }

    /// Cargo with `subcommand` on the WebAssembly client.
    ///
    /// Paths of this machine that rustc would write into panic messages are replaced: the same sources give the same
    /// module wherever they are built. The flags add to those of `.cargo/config.toml`; `RUSTFLAGS` would replace them.
    pub fn cargo_for_wasm(&self, subcommand: &str) -> Command {
        let renamed = [(cargo_home().join("registry/src"), "registry"), (self.root.clone(), "waxwing")];
        let flags: Vec<String> =
            renamed.iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())).collect();
        let mut cargo = self.cargo();
        cargo.args([subcommand, "--package", "waxwing-wasm-client", "--target", WASM_TARGET]);
        // A JSON array of strings is a TOML array of strings as well.
        cargo.arg("--config").arg(format!("target.{WASM_TARGET}.rustflags={}", serde_json::json!(flags)));
        cargo
    }

    /// npm in the given package, without questions, advertisements and browser downloads.
    pub fn npm(&self, package: &Path) -> Command {
        let mut npm = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
        npm.current_dir(package);
        npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").env("npm_config_fund", "false");
        npm.env("npm_config_audit", "false").env("npm_config_update_notifier", "false");
        npm
    }

    /// Node.js with one of the scripts in `xtask/js`.
    pub fn node_script(&self, name: &str) -> Command {
        let mut node = Command::new("node");
        node.current_dir(&self.root).arg(self.path("xtask/js").join(name));
        node
    }
}

fn cargo_in(root: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root);
    cargo
}

fn cargo_home() -> PathBuf {
    let home = || std::env::home_dir().unwrap_or_default().join(".cargo");
    std::env::var_os("CARGO_HOME").map_or_else(home, PathBuf::from)
}
