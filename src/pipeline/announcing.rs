//! WebSub: tells the hub which feeds are new, after they are published (W3C Recommendation WebSub, §7).
//!
//! A hub that cannot be reached is a warning in the report and nothing more: subscribers of the hub then find the news
//! at their own next visit. A hub is not asked twice.

use super::report::RunReport;
use super::{Pipeline, publishing::Published};
use crate::model::Diagnostic;

impl Pipeline {
    /// Tells the hub of each feed among what was published, if there is a hub.
    pub(super) async fn announce(&self, published: &Published, report: &mut RunReport) {
        let Some(hub) = &self.config.feeds.hub else {
            return;
        };
        for path in &published.feeds {
            let topic = format!("{}/{path}", self.config.newsletter.url);
            if let Err(error) = self.fetcher.announce(hub, &topic).await {
                let fault = Diagnostic::warning(format!("the hub `{hub}` was not told: {error}"))
                    .hint("the feed itself is published; `hub` in `[feeds]` names the hub");
                report.faults.push(fault);
                return;
            }
        }
    }
}
