//! The binary: hands its arguments to the command line.

/// The system's allocator keeps what the largest document took, once for each thread; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    courant::cli::run(std::env::args_os())
}
