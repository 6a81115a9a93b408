//! What comes back: reports as real servers send them, read, judged by their token, and acted on once.
#![expect(clippy::unwrap_used, reason = "a test may panic wherever it stands")]

mod reading;
