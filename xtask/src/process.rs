//! Running other programs: each is shown before it starts and named when it fails.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Shows and runs a command with the terminal's output and without input, so that nothing can wait for an answer.
///
/// # Errors
/// When the program cannot be started or does not exit with status 0.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = display(command);
    println!("$ {shown}");
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// Shows and runs a command and returns what it wrote to its standard output.
///
/// # Errors
/// As [`run`], or when the output is not UTF-8.
pub fn run_for_output(command: &mut Command) -> Result<String> {
    println!("$ {}", display(command));
    output(command.stderr(Stdio::inherit()))
}

/// Runs a command silently and returns what it wrote to its standard output.
///
/// # Errors
/// As [`run`], or when the output is not UTF-8.
pub fn output(command: &mut Command) -> Result<String> {
    let shown = display(command);
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed ({})\n{}", output.status, errors.trim_end());
    }
    String::from_utf8(output.stdout).with_context(|| format!("`{shown}` wrote something that is not UTF-8"))
}

/// Whether a command can be started and succeeds; its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// The first of these programs that is found in `PATH`.
pub fn find_in_path(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    names
        .iter()
        .flat_map(|name| directories.iter().map(move |directory| directory.join(name)))
        .find(|p| p.is_file())
}

/// The command as one would type it, without its environment.
fn display(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let program = program.file_name().unwrap_or(command.get_program()).to_string_lossy();
    let mut shown = program.into_owned();
    for argument in command.get_args() {
        let argument = argument.to_string_lossy();
        let plain = argument.chars().all(|c| c.is_ascii_alphanumeric() || "-_=./:,@+".contains(c));
        shown.push(' ');
        if plain && !argument.is_empty() {
            shown.push_str(&argument);
        } else {
            shown.push('\'');
            shown.push_str(&argument.replace('\'', r"'\''"));
            shown.push('\'');
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_shown_as_typed() {
        let mut command = Command::new("/usr/bin/cargo");
        command.args(["test", "--features", "a b", "it's", ""]);
        assert_eq!(display(&command), r"cargo test --features 'a b' 'it'\''s' ''");
    }

    #[test]
    #[cfg(unix)]
    fn failures_name_the_command_and_its_errors() {
        let error =
            output(Command::new("sh").args(["-c", "echo reason >&2; exit 3"])).unwrap_err().to_string();
        assert!(
            error.contains("sh -c") && error.contains("exit status: 3") && error.contains("reason"),
            "{error}"
        );
        let error = run(&mut Command::new("no-such-program-here")).unwrap_err().to_string();
        assert!(error.contains("cannot start `no-such-program-here`"), "{error}");
    }
}
