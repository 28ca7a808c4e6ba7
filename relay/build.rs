//! Compresses and embeds the built web app when the feature `embed-web` asks for it.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    #[cfg(feature = "embed-web")]
    memory_serve::load_directory("../web/dist");
}
