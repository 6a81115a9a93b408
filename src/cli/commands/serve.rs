//! `courant serve`: the feed, the archive and the unsubscribe links over HTTP, until SIGTERM.

use std::net::SocketAddr;
use std::sync::Arc;

use super::signals;
use crate::cli::exit::{Exit, Failure};
use crate::cli::session::Session;
use crate::cli::system::SystemClock;
use crate::pipeline::Pipeline;
use crate::web::{self, Server, Site};

/// Answers until it is told to end.
pub async fn serve(session: &Session, listen: Option<SocketAddr>) -> Result<Exit, Failure> {
    let pipeline = session.pipeline_to_serve(session.config()?).await?;
    let server = Server::bind(listen.unwrap_or(pipeline.config.serve.listen)).await?;
    if let Some(address) = server.address() {
        let url = format!("http://{address}/");
        session.printer.either(&url, |printer| {
            let name = &pipeline.config.newsletter.name;
            printer.line(format!("Serving {name} on {url} (end with Ctrl-C)"));
        });
    }
    let end = async {
        if let Err(failure) = signals::end().await {
            tracing::error!(?failure, "signals cannot be heard");
        }
    };
    server.run(web::routes(Arc::new(site(pipeline))), end).await;
    Ok(Exit::Done)
}

fn site(pipeline: Pipeline) -> Site {
    Site {
        masthead: pipeline.masthead(),
        public: pipeline.public(),
        store: pipeline.store,
        keys: pipeline.keys,
        composer: pipeline.composer,
        clock: Arc::new(SystemClock),
    }
}
