-- Doors, visits, passes and openings. No care record and no client's name stands here (DR-05): a door has an address.
CREATE TABLE doors (
    door_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the door; retention: until the lock is taken down; seen by: shift leader, the worker with a visit
    organisation_id TEXT NOT NULL REFERENCES organisations (organisation_id), -- purpose: whose door it is; retention: until the lock is taken down; seen by: shift leader
    name TEXT NOT NULL, -- purpose: the address as the worker reads it; retention: until the lock is taken down; seen by: shift leader, the worker with a visit
    lock_id BYTEA NOT NULL UNIQUE, -- purpose: the lock's own eight bytes; retention: until the lock is taken down; seen by: nobody
    log_seed BYTEA NOT NULL, -- purpose: checks the lock's log; sealed; retention: until the lock is taken down; seen by: nobody
    created_at BIGINT NOT NULL -- purpose: when it was mounted; retention: until the lock is taken down; seen by: administrator
);

CREATE TABLE visits (
    visit_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the visit; retention: 2 weeks; seen by: shift leader, the worker it is about
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: who goes there; retention: 2 weeks; seen by: shift leader, the worker it is about
    starts_at BIGINT NOT NULL, -- purpose: begin of the planned visit; retention: 2 weeks; seen by: shift leader, the worker it is about
    ends_at BIGINT NOT NULL, -- purpose: end of the planned visit; retention: 2 weeks; seen by: shift leader, the worker it is about
    cancelled_at BIGINT -- purpose: set: no pass is issued any longer; retention: 2 weeks; seen by: shift leader, the worker it is about
);

CREATE INDEX visits_by_worker ON visits (affiliation_id, starts_at);

CREATE TABLE visit_doors (
    visit_id TEXT NOT NULL REFERENCES visits (visit_id), -- purpose: the visit; retention: 2 weeks; seen by: shift leader, the worker it is about
    door_id TEXT NOT NULL REFERENCES doors (door_id), -- purpose: a door on the way in; retention: 2 weeks; seen by: shift leader, the worker it is about
    place BIGINT NOT NULL, -- purpose: order on the way in; retention: 2 weeks; seen by: shift leader, the worker it is about
    PRIMARY KEY (visit_id, door_id)
);

CREATE TABLE passes (
    cti BYTEA NOT NULL PRIMARY KEY, -- purpose: the pass's own number; retention: 2 weeks after it ended; seen by: auditor
    phone_id TEXT NOT NULL REFERENCES phones (phone_id), -- purpose: whose door key it names; retention: 2 weeks after it ended; seen by: auditor
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: who opens; retention: 2 weeks after it ended; seen by: shift leader, the worker it is about
    visit_id TEXT NOT NULL REFERENCES visits (visit_id), -- purpose: what for; retention: 2 weeks after it ended; seen by: shift leader, the worker it is about
    door_id TEXT NOT NULL REFERENCES doors (door_id), -- purpose: which door; retention: 2 weeks after it ended; seen by: shift leader, the worker it is about
    bytes BYTEA NOT NULL, -- purpose: the pass, to hand it out again; retention: 2 weeks after it ended; seen by: the worker it is about
    revocation_index BIGINT NOT NULL UNIQUE, -- purpose: its place in the list of ended passes; retention: 2 weeks after it ended; seen by: locks
    issued_at BIGINT NOT NULL, -- purpose: when it was issued; retention: 2 weeks after it ended; seen by: auditor
    not_before BIGINT NOT NULL, -- purpose: first second; retention: 2 weeks after it ended; seen by: shift leader, the worker it is about
    not_after BIGINT NOT NULL, -- purpose: last second; retention: 2 weeks after it ended; seen by: shift leader, the worker it is about
    UNIQUE (phone_id, visit_id, door_id, issued_at)
);

CREATE TABLE openings (
    door_id TEXT NOT NULL REFERENCES doors (door_id), -- purpose: which door; retention: by purpose, 2 weeks at first; seen by: shift leader, the worker it is about
    seq BIGINT NOT NULL, -- purpose: the lock's own number of the entry; retention: by purpose, 2 weeks at first; seen by: shift leader
    affiliation_id TEXT REFERENCES affiliations (affiliation_id), -- purpose: who, when the pass is known; retention: by purpose, 2 weeks at first; seen by: shift leader, the worker it is about
    at BIGINT NOT NULL, -- purpose: when, by the lock's clock; retention: by purpose, 2 weeks at first; seen by: shift leader, the worker it is about
    result TEXT NOT NULL, -- purpose: opened, or why not; retention: by purpose, 2 weeks at first; seen by: shift leader, the worker it is about
    finding TEXT, -- purpose: what does not fit in the lock's log; retention: by purpose, 2 weeks at first; seen by: shift leader
    receipt BYTEA NOT NULL, -- purpose: the evidence as the lock wrote it; retention: by purpose, 2 weeks at first; seen by: auditor
    reported_at BIGINT NOT NULL, -- purpose: when a phone brought it; retention: by purpose, 2 weeks at first; seen by: shift leader
    PRIMARY KEY (door_id, seq)
);

CREATE INDEX openings_by_worker ON openings (affiliation_id, at);
