//! Time passes between a mail and its reports: soft ones in a row, a row that ends, a token that expires.

use courant::audience::{self, Judged, Terms, TokenError, Verdict};
use courant::bounces::read;
use courant::model::SuppressionReason;
use courant::pipeline::Wish;
use jiff::SignedDuration;

use super::{SETTING, come_back, mail_to};
use crate::support::newsletter::Newsletter;
use crate::support::smtp::{Script, SmtpServer};
use crate::support::timed::Timed;

const READER: &str = "reader0@example.nl";

/// A newsletter to one reader, at a time that the test sets.
struct Weeks {
    server: SmtpServer,
    timed: Timed,
    issues: u32,
}

impl Weeks {
    async fn new(settings: &str) -> Self {
        let server = SmtpServer::start(Script::new()).await;
        let newsletter = Newsletter::new(&format!("smtp://{}", server.address()));
        newsletter.append("courant.toml", SETTING);
        newsletter.append("courant.toml", settings);
        newsletter.readers(1);
        Self {
            timed: Timed::new(newsletter, "2026-11-23T07:00:05Z"),
            server,
            issues: 0,
        }
    }

    /// Another issue goes out.
    async fn send(&mut self) {
        self.issues += 1;
        let slug = format!("bericht-{}", self.issues);
        self.timed.newsletter.post(&slug, &slug);
        let report = self.timed.run(&Wish::Default).await;
        assert_eq!(report.issues[0].account.sent, 1, "{report:?}");
    }

    fn days(&self, days: i64) {
        self.timed.advance(SignedDuration::from_hours(24 * days));
    }

    /// The newest mail comes back in this form.
    async fn comes_back(&self, fixture: &str) -> Judged {
        let mail = mail_to(&self.server, READER);
        let report = read(come_back(fixture, &mail).as_bytes()).unwrap();
        let pipeline = self.timed.open().await;
        let terms = Terms {
            limits: pipeline.config.delivery.bounce_limits,
            now: self.timed.now(),
            however_many: false,
            trial: false,
        };
        let judged = audience::report(&pipeline.store, &pipeline.keys, &[&report], terms).await;
        pipeline.store.close().await;
        judged.unwrap().unwrap().remove(0)
    }

    async fn verdict(&self, fixture: &str) -> Verdict {
        self.comes_back(fixture).await.verdict
    }
}

const SUPPRESSED: Verdict = Verdict::Suppressed(SuppressionReason::Bounced, true);

#[tokio::test(flavor = "multi_thread")]
async fn soft_bounces_of_issues_in_a_row_suppress_at_the_threshold() {
    let mut weeks = Weeks::new("").await;
    for count in 1..=4 {
        weeks.send().await;
        assert_eq!(
            weeks.verdict("exchange-quota").await,
            Verdict::Counted(count)
        );
        assert_eq!(weeks.verdict("qmail-no-status").await, Verdict::Repeated);
        weeks.days(7);
    }
    weeks.send().await;
    assert_eq!(weeks.verdict("postfix-expired").await, SUPPRESSED);
    weeks.timed.newsletter.post("laatste", "Laatste");
    let report = weeks.timed.run(&Wish::Default).await;
    assert!(report.issues.iter().all(|issue| issue.account.sent == 0));
    assert_eq!(weeks.server.copies(READER), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_soft_bounces_within_a_few_days_do_not() {
    let mut weeks = Weeks::new("soft_bounces = 2\n").await;
    for (count, pause) in [(1, 3), (2, 3), (3, 1)] {
        weeks.send().await;
        assert_eq!(
            weeks.verdict("exchange-quota").await,
            Verdict::Counted(count)
        );
        weeks.days(pause);
    }
    weeks.send().await;
    assert_eq!(
        weeks.verdict("exchange-quota").await,
        SUPPRESSED,
        "a week has passed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issue_of_which_nothing_came_back_ends_the_row() {
    let mut weeks = Weeks::new("soft_bounces = 2\n").await;
    weeks.send().await;
    assert_eq!(weeks.verdict("exchange-quota").await, Verdict::Counted(1));
    weeks.days(7);
    weeks.send().await;
    // A warning on the way is none.
    assert_eq!(
        weeks.verdict("postfix-delayed").await,
        Verdict::Nothing(courant::model::Notice::Delayed)
    );
    weeks.days(7);
    weeks.send().await;
    assert_eq!(weeks.verdict("exchange-quota").await, Verdict::Counted(1));
    // A refusal by policy neither counts nor ends it.
    weeks.days(7);
    weeks.send().await;
    assert_eq!(
        weeks.verdict("sendmail-made-up-status").await,
        Verdict::Kept
    );
    weeks.days(7);
    weeks.send().await;
    assert_eq!(weeks.verdict("exchange-quota").await, SUPPRESSED);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_thirty_days_a_report_is_not_believed() {
    let mut weeks = Weeks::new("").await;
    weeks.send().await;
    weeks.days(30);
    let late = weeks.comes_back("postfix-unknown-user").await;
    assert_eq!(late.verdict, Verdict::Unproven(TokenError::Expired));
    assert_eq!(late.reader, None);
    weeks.send().await;
    weeks.days(29);
    assert_eq!(weeks.verdict("postfix-unknown-user").await, SUPPRESSED);
}
