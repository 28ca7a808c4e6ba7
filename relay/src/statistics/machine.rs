//! What the system tells of the relay's files and memory.

use std::{fs, path::Path};

/// Sizes in bytes.
pub(super) struct Files {
    pub database: u64,
    pub wal: u64,
}

pub(super) fn files(folder: &Path) -> Files {
    let size = |name: &str| fs::metadata(folder.join(name)).map_or(0, |file| file.len());
    Files { database: size("waxwing.db"), wal: size("waxwing.db-wal") }
}

/// Free bytes on the disk of a folder, as far as the relay may use them.
#[cfg(unix)]
pub(super) fn disk_free(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
pub(super) fn disk_free(_: &Path) -> Option<u64> {
    None
}

/// Bytes of memory in use, where the system keeps `/proc`.
pub(super) fn memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("waxwing.db"), [0; 5000]).unwrap();
        let files = files(folder.path());
        assert_eq!((files.database, files.wal), (5000, 0));
        assert!(disk_free(folder.path()).is_some_and(|bytes| bytes > 0));
        assert!(memory().is_some_and(|bytes| bytes > 100_000));
    }
}
