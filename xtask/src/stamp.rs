//! Skipping work whose inputs have not changed, by content: a fresh clone, a branch switch and a touched file all
//! give new times without giving new inputs.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest as _, Sha256};

/// A digest over everything that a step reads.
pub struct Inputs(Sha256);

impl Inputs {
    /// Starts with the name of the step and a description of how it works; a change of either does the step again.
    pub fn new(step: &str, how: &str) -> Self {
        let mut inputs = Self(Sha256::new());
        inputs.field(step.as_bytes());
        inputs.field(how.as_bytes());
        inputs
    }

    /// Adds one file.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn file(mut self, path: &Path) -> Result<Self> {
        self.add_file(path)?;
        Ok(self)
    }

    /// Adds the names and contents of all files below a directory, except in directories with one of the names `without`.
    ///
    /// # Errors
    /// When something in the directory cannot be read.
    pub fn directory(mut self, directory: &Path, without: &[&str]) -> Result<Self> {
        for path in files_below(directory, without)? {
            let relative = path.strip_prefix(directory).unwrap_or(&path);
            self.field(relative.as_os_str().as_encoded_bytes());
            self.add_file(&path)?;
        }
        Ok(self)
    }

    /// The stamp that says for which inputs the step was done last.
    pub fn stamp(self, file: PathBuf) -> Stamp {
        let mut digest = String::new();
        for byte in self.0.finalize() {
            let _ = write!(digest, "{byte:02x}");
        }
        Stamp { file, digest }
    }

    fn add_file(&mut self, path: &Path) -> Result<()> {
        let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        self.field(&content);
        Ok(())
    }

    /// The length in front keeps neighbouring fields apart.
    fn field(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }
}

/// The digest of a step's inputs, next to a file with the digest for which the step was done last.
pub struct Stamp {
    file: PathBuf,
    digest: String,
}

impl Stamp {
    /// Whether the step was done for exactly these inputs and all its outputs are still there.
    pub fn is_fresh(&self, outputs: &[&Path]) -> bool {
        let done = fs::read_to_string(&self.file).is_ok_and(|last| last == self.digest);
        done && outputs.iter().all(|output| output.exists())
    }

    /// Forgets the last time, so that a step which is interrupted half-way is done again.
    ///
    /// # Errors
    /// When the stamp exists and cannot be removed.
    pub fn clear(&self) -> Result<()> {
        match fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", self.file.display()))
            }
            _ => Ok(()),
        }
    }

    /// Remembers that the step was done.
    ///
    /// # Errors
    /// When the stamp cannot be written.
    pub fn set(&self) -> Result<()> {
        if let Some(directory) = self.file.parent() {
            fs::create_dir_all(directory)
                .with_context(|| format!("cannot create {}", directory.display()))?;
        }
        fs::write(&self.file, &self.digest).with_context(|| format!("cannot write {}", self.file.display()))
    }
}

/// All files below a directory in a stable order, except in directories with one of the names `without`.
fn files_below(directory: &Path, without: &[&str]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut pending = vec![directory.to_path_buf()];
    while let Some(directory) = pending.pop() {
        let entries =
            fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))?;
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {}", directory.display()))?;
            if !entry.file_type()?.is_dir() {
                files.push(entry.path());
            } else if !without.iter().any(|name| OsStr::new(name) == entry.file_name()) {
                pending.push(entry.path());
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(root: &Path) -> Stamp {
        let inputs = Inputs::new("step", "how").directory(&root.join("in"), &["skipped"]).unwrap();
        inputs.stamp(root.join("stamps/step"))
    }

    #[test]
    fn a_step_is_done_again_when_its_inputs_or_outputs_change() {
        let root = std::env::temp_dir().join(format!("waxwing-xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(root.join("in/deep")).unwrap();
        fs::create_dir_all(root.join("in/skipped")).unwrap();
        fs::write(root.join("in/deep/a"), "1").unwrap();
        let output = root.join("out");

        assert!(!stamp(&root).is_fresh(&[]));
        stamp(&root).set().unwrap();
        assert!(stamp(&root).is_fresh(&[]));
        assert!(!stamp(&root).is_fresh(&[&output]), "the output is missing");
        fs::write(&output, "").unwrap();
        assert!(stamp(&root).is_fresh(&[&output]));

        fs::write(root.join("in/skipped/b"), "not an input").unwrap();
        assert!(stamp(&root).is_fresh(&[&output]));
        fs::write(root.join("in/deep/a"), "2").unwrap();
        assert!(!stamp(&root).is_fresh(&[&output]), "a content changed");
        fs::write(root.join("in/deep/a"), "1").unwrap();
        fs::rename(root.join("in/deep/a"), root.join("in/deep/b")).unwrap();
        assert!(!stamp(&root).is_fresh(&[&output]), "a name changed");
        fs::rename(root.join("in/deep/b"), root.join("in/deep/a")).unwrap();
        assert!(stamp(&root).is_fresh(&[&output]));

        stamp(&root).clear().unwrap();
        stamp(&root).clear().unwrap();
        assert!(!stamp(&root).is_fresh(&[&output]));
        fs::remove_dir_all(root).unwrap();
    }
}
