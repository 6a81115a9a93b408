//! A cheap SMTP server: one thread a connection, PIPELINING, nothing kept. With a delay each group of replies leaves so
//! much later, as if the relay were that far away.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A sink in a process of its own, so that its memory is not ours; it ends with this value.
pub struct Apart(Child);

impl Apart {
    /// Starts it; with its port.
    pub fn start() -> (Self, u16) {
        let mut apart = Self(
            Command::new(std::env::current_exe().unwrap())
                .arg("sink")
                .stdout(Stdio::piped())
                .spawn()
                .unwrap(),
        );
        let mut line = String::new();
        BufReader::new(apart.0.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        (apart, line.trim().parse().unwrap())
    }
}

impl Drop for Apart {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// Serves until it is killed.
pub fn serve(delay: usize) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    println!("{}", listener.local_addr().unwrap().port());
    let delay = Duration::from_millis(delay as u64);
    for client in listener.incoming() {
        let client = client.unwrap();
        std::thread::spawn(move || {
            // A client that hangs up is nothing to tell.
            let _ = attend(client, delay);
        });
    }
}

fn attend(mut client: TcpStream, delay: Duration) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    client.write_all(b"220 sink ESMTP\r\n")?;
    let mut buffer = vec![0; 256 * 1024];
    let mut filled = 0;
    let mut in_message = false;
    loop {
        let read = client.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        let came = Instant::now();
        filled += read;
        let mut at = 0;
        let mut replies = Vec::new();
        loop {
            if in_message {
                match end_of_message(&buffer[at..filled]) {
                    Some(end) => {
                        at += end;
                        in_message = false;
                        replies.extend_from_slice(b"250 2.0.0 taken\r\n");
                    }
                    None => {
                        // The end may be cut in two.
                        at = at.max(filled.saturating_sub(4));
                        break;
                    }
                }
            } else {
                let Some(end) = buffer[at..filled].iter().position(|b| *b == b'\n') else {
                    break;
                };
                let line = &buffer[at..=at + end];
                at += end + 1;
                let reply: &[u8] = match &line[..4.min(line.len())] {
                    b"EHLO" => {
                        b"250-sink\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250 8BITMIME\r\n"
                    }
                    b"DATA" => {
                        in_message = true;
                        b"354 go on\r\n"
                    }
                    b"QUIT" => {
                        client.write_all(b"221 bye\r\n")?;
                        return Ok(());
                    }
                    _ => b"250 ok\r\n",
                };
                replies.extend_from_slice(reply);
            }
        }
        buffer.copy_within(at..filled, 0);
        filled -= at;
        if !replies.is_empty() {
            let late = (came + delay).saturating_duration_since(Instant::now());
            if !late.is_zero() {
                std::thread::sleep(late);
            }
            client.write_all(&replies)?;
        }
    }
}

/// Octets up to and with the final dot. A client waits for replies after its group, so that a dot stands near the end of
/// what has come: nothing before is looked at.
fn end_of_message(bytes: &[u8]) -> Option<usize> {
    const END: &[u8] = b"\r\n.\r\n";
    let tail = bytes.len().saturating_sub(1_024);
    let at = bytes[tail..]
        .windows(END.len())
        .position(|five| five == END)?;
    Some(tail + at + END.len())
}
