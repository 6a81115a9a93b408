-- Mails that were dealt with, by the names that a server without flags keeps for them (POP3, UIDL). Its twin stands in
-- migrations/sqlite.

CREATE TABLE inbox_mail (
    inbox  TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    PRIMARY KEY (inbox, name)
);
