//! What courant is held against in the same run: lettre used well, and what the cores can sign.

use std::time::{Duration, Instant};

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, Message};
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::TcpStream;

use super::issue;
use super::send::RSA;

/// Held connections without Nagle's delay, each message built for its reader.
pub fn lettre(port: u16, connections: usize, messages: usize) {
    let issue = issue::issue();
    let digest = issue::digest(&issue);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().unwrap().block_on(async {
        let started = Instant::now();
        let mut senders = tokio::task::JoinSet::new();
        for first in 0..connections {
            let (html, text) = (digest.html.clone().unwrap(), digest.text.clone());
            let subject = digest.subject.clone();
            senders.spawn(async move {
                let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                tcp.set_nodelay(true).unwrap();
                let hello = ClientId::Domain("bench.example.nl".into());
                let mut smtp = AsyncSmtpConnection::connect_with_transport(Box::new(tcp), &hello)
                    .await
                    .unwrap();
                for n in (first..messages).step_by(connections) {
                    let address: Address = format!("lezer{n}@example.nl").parse().unwrap();
                    let message = Message::builder()
                        .from("De Courant <courant@example.nl>".parse().unwrap())
                        .to(Mailbox::new(Some("Zoë de Vries".into()), address))
                        .subject(&subject)
                        .multipart(MultiPart::alternative_plain_html(
                            text.clone(),
                            html.clone(),
                        ))
                        .unwrap();
                    smtp.send(message.envelope(), &message.formatted())
                        .await
                        .unwrap();
                }
            });
        }
        senders.join_all().await;
        let rate = messages as f64 / started.elapsed().as_secs_f64();
        println!("{{\"messages\":{messages},\"rate\":{rate:.0}}}");
    });
}

/// RSA-2048 signatures a second on all cores, and nothing else.
pub fn cores() {
    let key = PrivateKeyDer::from_pem_slice(RSA.as_bytes()).unwrap();
    let cores = std::thread::available_parallelism().unwrap().get();
    let span = Duration::from_secs(3);
    let signed: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores)
            .map(|_| {
                scope.spawn(|| {
                    let pair = RsaKeyPair::from_pkcs8(key.secret_der()).unwrap();
                    let random = ring::rand::SystemRandom::new();
                    let mut signature = vec![0; pair.public().modulus_len()];
                    let started = Instant::now();
                    let mut signed = 0;
                    while started.elapsed() < span {
                        pair.sign(&RSA_PKCS1_SHA256, &random, b"headers", &mut signature)
                            .unwrap();
                        signed += 1;
                    }
                    signed
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    println!("{{\"rate\":{:.0}}}", signed as f64 / span.as_secs_f64());
}
