-- The journal: one hash chain per organisation and purpose. The chain holds H(salt, payload); a payload may lawfully be
-- disposed of by rule, and the chain still verifies (architecture §3; AU-01).
CREATE TABLE journal_chains (
    chain TEXT NOT NULL PRIMARY KEY, -- purpose: names the chain, organisation and purpose together; retention: as long as the organisation; seen by: auditor
    length BIGINT NOT NULL, -- purpose: how many entries the chain has, so that a cut end is seen; retention: as long as the organisation; seen by: auditor
    head BYTEA NOT NULL -- purpose: hash of the last entry; retention: as long as the organisation; seen by: auditor
);

CREATE TABLE journal_entries (
    chain TEXT NOT NULL REFERENCES journal_chains (chain), -- purpose: the chain it stands in; retention: 10 years; seen by: auditor
    seq BIGINT NOT NULL, -- purpose: place in the chain, from 1; retention: 10 years; seen by: auditor
    at BIGINT NOT NULL, -- purpose: when it happened; retention: 10 years; seen by: auditor, the worker it is about
    kind TEXT NOT NULL, -- purpose: what happened, as the slice names it; retention: 10 years; seen by: auditor, the worker it is about
    actor TEXT NOT NULL, -- purpose: who did it; retention: 10 years; seen by: auditor, the worker it is about
    payload_hash BYTEA NOT NULL, -- purpose: binds the payload without holding it; retention: 10 years; seen by: auditor
    hash BYTEA NOT NULL, -- purpose: binds this entry to the one before; retention: 10 years; seen by: auditor
    PRIMARY KEY (chain, seq)
);

CREATE TABLE journal_payloads (
    chain TEXT NOT NULL, -- purpose: the entry it belongs to; retention: by the disposal rule of its kind; seen by: auditor
    seq BIGINT NOT NULL, -- purpose: the entry it belongs to; retention: by the disposal rule of its kind; seen by: auditor
    salt BYTEA NOT NULL, -- purpose: keeps the hash from giving a short payload away; retention: with the payload; seen by: nobody
    payload TEXT NOT NULL, -- purpose: the facts of the act as JSON; retention: by the disposal rule of its kind; seen by: auditor, the worker it is about
    PRIMARY KEY (chain, seq),
    FOREIGN KEY (chain, seq) REFERENCES journal_entries (chain, seq)
);

CREATE TABLE journal_objects (
    object TEXT NOT NULL, -- purpose: finds every entry about one person, door or document; retention: with the payload; seen by: auditor, the worker it is about
    chain TEXT NOT NULL, -- purpose: the entry; retention: with the payload; seen by: auditor
    seq BIGINT NOT NULL, -- purpose: the entry; retention: with the payload; seen by: auditor
    PRIMARY KEY (object, chain, seq),
    FOREIGN KEY (chain, seq) REFERENCES journal_entries (chain, seq)
);

CREATE TABLE journal_disposals (
    chain TEXT NOT NULL, -- purpose: the entry whose payload was disposed of; retention: 10 years; seen by: auditor
    seq BIGINT NOT NULL, -- purpose: the entry whose payload was disposed of; retention: 10 years; seen by: auditor
    rule TEXT NOT NULL, -- purpose: the lawful rule; retention: 10 years; seen by: auditor
    at BIGINT NOT NULL, -- purpose: when; retention: 10 years; seen by: auditor
    PRIMARY KEY (chain, seq),
    FOREIGN KEY (chain, seq) REFERENCES journal_entries (chain, seq)
);
