//! What people reported of other products, re-made: each case drives the program as its user does.
//!
//! `COURANT=/path/of/another/courant` holds the same cases against another program.

mod beginning;
mod beside;
mod bounces;
mod clock;
mod copies;
mod cron;
mod examined;
mod feeds;
mod floods;
mod gone;
mod heavy;
mod hijack;
mod hostile_words;
mod limits;
mod links;
mod list;
mod local_servers;
mod names_over_time;
mod notation;
mod owner;
mod placeholders;
mod posts;
mod refusals;
mod restored;
mod state;
mod status;
mod withdrawn;
mod words;
