//! The binary: hands its arguments to the command line.

fn main() -> std::process::ExitCode {
    courant::cli::run(std::env::args_os())
}
