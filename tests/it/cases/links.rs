//! Links as mail programs hand them on: with marks, slashes and parameters behind them, or escaped once more.

use crate::support::newsletter::Newsletter;
use crate::support::served::{Served, link};
use crate::support::smtp::{Script, SmtpServer};

#[tokio::test(flavor = "multi_thread")]
async fn a_link_with_something_behind_it_still_leaves() {
    let server = SmtpServer::start(Script::new()).await;
    let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
    let endings = [
        ".",
        ")",
        "%3E",
        "/",
        "%253E",
        ",",
        "%22",
        "%E2%80%9D",
        "%FF",
        "_",
        "/.",
        "&utm_source=x",
        "?utm_source=x&utm_medium=y",
        "%3Futm_source=x",
    ];
    newsletter.readers(endings.len());
    let run = newsletter.run_beside(&["run"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    let served = Served::start(&newsletter).await;
    let mut readers = server.received();
    for ending in endings {
        let path = link(&readers.pop().unwrap());
        let dirty = format!("{path}{ending}");
        let (status, _, page) = served.ask("GET", &dirty, "", "").await;
        assert_eq!(status, 200, "{dirty}");
        assert!(page.contains(&format!("action=\"{path}\"")), "{page}");
        assert_eq!(served.click(&dirty).await, 200, "{dirty}");
        let (_, _, page) = served.ask("GET", &path, "", "").await;
        assert!(!page.contains("<form"), "{dirty} did not leave");
    }
    assert_eq!(served.click("/unsubscribe/x").await, 404);
    newsletter.post("tweede", "Het tweede bericht");
    newsletter.run_beside(&["run"]).await;
    assert_eq!(server.received().len(), endings.len(), "everybody has left");
}
