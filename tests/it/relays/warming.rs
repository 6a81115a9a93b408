//! A new relay is given more with each issue.

use courant::model::Cap;
use courant::pipeline::{RelayEnd, Wish};

use super::{name, only, shares, timed};
use crate::support::smtp::{Script, SmtpServer};

/// A weekly issue, and nothing of it after its day: growth counts days with mail.
#[tokio::test(flavor = "multi_thread")]
async fn three_weekly_issues_each_go_to_more_readers() {
    let server = SmtpServer::start(Script::new()).await;
    let plan = "expire = \"20h\"\nwarm_up = { first_day = 5, factor = 2, until = 1000 }\n";
    let timed = timed(&[&server], 30, plan);
    let mut expected = 0;
    for (week, (day, sent)) in [("23", 5), ("30", 10), ("07", 20)].into_iter().enumerate() {
        let month = if day == "07" { 12 } else { 11 };
        timed.set(&format!("2026-{month}-{day}T07:00:05Z"));
        timed
            .newsletter
            .post(&format!("bericht{week}"), &format!("Bericht {week}"));
        let report = timed.run(&Wish::Due).await;
        let issue = report.issues.last().unwrap();
        assert_eq!(issue.account.sent, sent, "week {week}: {report:?}");
        assert!(matches!(
            issue.relays[0].ended,
            Some(RelayEnd::Full {
                by: Cap::WarmUp,
                ..
            })
        ));
        expected += usize::try_from(sent).unwrap();
        assert_eq!(server.received().len(), expected);
        // Later that day there is nothing more to have.
        timed.advance(jiff::SignedDuration::from_hours(6));
        timed.run(&Wish::Due).await;
        assert_eq!(server.received().len(), expected);
    }
}

/// One issue over several days, the new relay first, until its warm-up is over.
#[tokio::test(flavor = "multi_thread")]
async fn one_issue_warms_a_relay_up_day_by_day_and_then_it_is_free() {
    let server = SmtpServer::start(Script::new()).await;
    let plan = "warm_up = { first_day = 4, factor = 3, until = 12 }\n";
    let timed = timed(&[&server], 60, plan);
    // 4, then 12, and then the plan is over.
    for (hours, sent) in [(0, 4), (25, 16), (50, 60)] {
        timed.set("2026-11-23T07:00:05Z");
        timed.advance(jiff::SignedDuration::from_hours(hours));
        let report = timed.run(&Wish::Due).await;
        assert_eq!(only(&report).account.sent, sent, "{hours}: {report:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_relay_carries_what_the_new_one_may_not_yet() {
    let new = SmtpServer::start(Script::new()).await;
    let old = SmtpServer::start(Script::new()).await;
    let timed = timed(&[&new, &old], 60, "");
    let address = new.address();
    let table = format!("{{ url = \"smtp://{address}\", warm_up = true }}");
    let plain = format!("\"smtp://{address}\"");
    timed.newsletter.replace("courant.toml", &plain, &table);
    let report = timed.run(&Wish::Due).await;
    assert_eq!(only(&report).account.sent, 60);
    assert_eq!(
        shares(only(&report)),
        [(&*name(&new), 50), (&*name(&old), 10)]
    );
}
