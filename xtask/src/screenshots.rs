//! Pictures of every screen of the app, for people to look at.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use crate::project::Project;
use crate::{process, test};

/// Takes all pictures into `screenshots/`, with a page that shows them side by side.
///
/// # Errors
/// When something does not build, or a screen does not come.
pub fn take(project: &Project) -> Result<()> {
    let folder = project.path("screenshots");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    let mut playwright = test::playwright(project)?;
    process::run(playwright.args(["--config", "screens.config.ts"]).env("WAXWING_SCREENSHOTS", &folder))?;
    let names = pictures(&folder)?;
    let index = folder.join("index.html");
    fs::write(&index, page(&names)).with_context(|| format!("cannot write {}", index.display()))?;
    println!("{} pictures; look at {}", names.len(), index.display());
    Ok(())
}

fn pictures(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".png") {
            names.push(name);
        }
    }
    ensure!(!names.is_empty(), "no pictures were taken");
    names.sort();
    Ok(names)
}

/// All pictures of a screen in a row; names are of letters, digits, dashes and dots.
fn page(names: &[String]) -> String {
    let mut page = String::from(
        "<!doctype html><meta charset=\"utf-8\"><title>Waxwing: every screen</title>\n\
         <style>body { font: 15px system-ui; margin: 24px } div { display: flex; gap: 12px; align-items: start }\n\
         img { border: 1px solid #8884 } [src*=phone] { width: 195px } [src*=desktop] { width: 560px }</style>\n",
    );
    for screen in names.chunk_by(|one, next| screen_of(one) == screen_of(next)) {
        page += &format!("<h2>{}</h2><div>\n", screen.first().map_or("", |name| screen_of(name)));
        for name in screen {
            page += &format!("<a href=\"{name}\"><img loading=lazy src=\"{name}\" alt=\"{name}\"></a>\n");
        }
        page += "</div>\n";
    }
    page
}

/// `2-room-phone-dark.png` and its siblings are pictures of `2-room`.
fn screen_of(name: &str) -> &str {
    let mut rest = name;
    for _ in 0..2 {
        rest = rest.rsplit_once('-').map_or(rest, |(before, _)| before);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_a_screen_stand_in_a_row() {
        let names =
            ["1-01-log-in-desktop-dark.png", "1-01-log-in-phone-light.png", "1-02-code-phone-light.png"];
        let page = page(&names.map(str::to_owned));
        assert_eq!(page.matches("<h2>").count(), 2);
        assert!(page.contains("<h2>1-01-log-in</h2>") && page.contains("<h2>1-02-code</h2>"), "{page}");
        assert_eq!(page.matches("<img").count(), 3);
    }
}
