//! Compresses and embeds the built web app when the feature `embed-web` asks for it.

fn main() {
    println!("cargo::rerun-if-changed=migrations");
    #[cfg(feature = "embed-web")]
    embed("../web/dist");
}

#[cfg(feature = "embed-web")]
fn embed(folder: &str) {
    if std::path::Path::new(folder).join("index.html").is_file() {
        memory_serve::load_directory(folder);
    } else {
        println!("cargo::error=the web app is not built: run `npm run build` in web/ first");
    }
}
