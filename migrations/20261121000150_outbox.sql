-- Work that a slice leaves for the slices to its right, written in the transaction of the act.
CREATE TABLE outbox (
    topic TEXT NOT NULL, -- purpose: which slice takes it; retention: 30 days after done; seen by: administrator
    subject TEXT NOT NULL, -- purpose: what it is about; once per topic; retention: 30 days after done; seen by: administrator
    created_at BIGINT NOT NULL, -- purpose: when it was left; retention: 30 days after done; seen by: administrator
    due_at BIGINT NOT NULL, -- purpose: not before this; a lease while somebody works on it; retention: 30 days after done; seen by: administrator
    attempts BIGINT NOT NULL, -- purpose: how often it was tried; retention: 30 days after done; seen by: administrator
    done_at BIGINT, -- purpose: set once: it is done; retention: 30 days after done; seen by: administrator
    PRIMARY KEY (topic, subject)
);

CREATE INDEX outbox_due ON outbox (topic, done_at, due_at);
