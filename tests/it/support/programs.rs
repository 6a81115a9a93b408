//! Programs that a test needs and a machine may lack: PostgreSQL, Python, openssl.
//!
//! Without one the test says so on one line and passes, unless `COURANT_REQUIRE_PROGRAMS=1`.

use std::io::Write as _;
use std::process::Command;

/// Says that `what` is not run for want of a program, or fails where all programs are demanded.
pub fn not_run(program: &str, what: &str) {
    let line = format!("not run, no {program}: {what}\n");
    assert!(!are_demanded(), "{line}");
    // Straight to the terminal: the test harness swallows what a passing test prints.
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

#[expect(
    clippy::disallowed_methods,
    reason = "a setting of the tests, not of the program"
)]
fn are_demanded() -> bool {
    std::env::var_os("COURANT_REQUIRE_PROGRAMS").is_some_and(|value| value == "1")
}

/// The Python that can import these modules; the system's own where the first in the path cannot.
pub fn python(modules: &str) -> Option<&'static str> {
    ["python3", "/usr/bin/python3"].into_iter().find(|python| {
        let mut probe = Command::new(python);
        let probe = probe.args(["-c", &format!("import {modules}")]).output();
        probe.is_ok_and(|probe| probe.status.success())
    })
}
