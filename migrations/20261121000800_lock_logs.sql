-- How far each lock's log is known, and what is missing in it.
CREATE TABLE lock_logs (
    door_id TEXT NOT NULL PRIMARY KEY REFERENCES doors (door_id), -- purpose: whose log it is; retention: until the lock is taken down; seen by: shift leader
    seq BIGINT NOT NULL, -- purpose: the number of the last known entry; retention: until the lock is taken down; seen by: shift leader
    head BYTEA NOT NULL, -- purpose: what the lock's chain is after that entry; retention: until the lock is taken down; seen by: auditor
    known BIGINT NOT NULL, -- purpose: how many entries up to that one have been told of; retention: until the lock is taken down; seen by: shift leader
    missing_told BIGINT NOT NULL, -- purpose: how many missing entries the journal knows of; retention: until the lock is taken down; seen by: auditor
    forked_at BIGINT -- purpose: set: when the lock was first seen to tell two histories; retention: until the lock is taken down; seen by: shift leader
);

-- That an entry exists in a lock's log. What it says stands in openings, if a phone has told.
CREATE TABLE lock_entries (
    door_id TEXT NOT NULL REFERENCES doors (door_id), -- purpose: whose log it is in; retention: until the lock is taken down; seen by: auditor
    seq BIGINT NOT NULL, -- purpose: the lock's own number of the entry; retention: until the lock is taken down; seen by: auditor
    head BYTEA NOT NULL, -- purpose: what the chain is after it, to see a second history; retention: until the lock is taken down; seen by: auditor
    head_before BYTEA, -- purpose: what the chain was before it, where a receipt said so; retention: until the lock is taken down; seen by: auditor
    reported_at BIGINT NOT NULL, -- purpose: when a phone first brought it; retention: until the lock is taken down; seen by: auditor
    PRIMARY KEY (door_id, seq)
);
