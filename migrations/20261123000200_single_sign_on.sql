-- Log-ins at services in one browser. Good for other services inside one group and for a time; named when somebody logs out.
CREATE TABLE sso_sessions (
    session_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the log-in; retention: 30 days after its end; seen by: auditor
    cookie_hash BYTEA NOT NULL, -- purpose: recognises the browser, changed at every log-in; retention: 30 days after its end; seen by: nobody
    sso_group TEXT, -- purpose: the group of services it is good in, if any; retention: 30 days after its end; seen by: the worker it is about
    client_id TEXT NOT NULL, -- purpose: the service where the person logged in; retention: 30 days after its end; seen by: auditor, the worker it is about
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: who is logged in; retention: 30 days after its end; seen by: auditor, the worker it is about
    phone_id TEXT NOT NULL REFERENCES phones (phone_id), -- purpose: the phone it rests on: ended with it; retention: 30 days after its end; seen by: auditor
    approval_id TEXT NOT NULL UNIQUE REFERENCES approvals (approval_id), -- purpose: the approval it rests on; retention: 30 days after its end; seen by: auditor
    assurance TEXT NOT NULL, -- purpose: the level that was really reached; retention: 30 days after its end; seen by: the worker it is about
    authenticated_at BIGINT NOT NULL, -- purpose: auth_time: when the person approved; retention: 30 days after its end; seen by: auditor, the worker it is about
    used_at BIGINT NOT NULL, -- purpose: when it was used last; retention: 30 days after its end; seen by: the worker it is about
    expires_at BIGINT NOT NULL, -- purpose: refused after this; retention: 30 days after its end; seen by: the worker it is about
    ended_at BIGINT, -- purpose: set once: logged out; retention: 30 days after its end; seen by: auditor, the worker it is about
    ended_for TEXT -- purpose: why it ended; retention: 30 days after its end; seen by: auditor, the worker it is about
);

CREATE INDEX sso_sessions_by_cookie ON sso_sessions (cookie_hash);
CREATE INDEX sso_sessions_by_affiliation ON sso_sessions (affiliation_id);
CREATE INDEX sso_sessions_by_phone ON sso_sessions (phone_id);
CREATE INDEX sso_sessions_by_end ON sso_sessions (expires_at);

-- What a service calls such a log-in: each service has a name of its own for it, so that two services cannot compare.
CREATE TABLE service_sessions (
    sid TEXT NOT NULL PRIMARY KEY, -- purpose: the service's name for it; retention: 30 days after the end of the log-in; seen by: auditor
    session_id TEXT NOT NULL REFERENCES sso_sessions (session_id), -- purpose: the log-in; retention: 30 days after its end; seen by: auditor
    client_id TEXT NOT NULL, -- purpose: the service; retention: 30 days after its end; seen by: auditor, the worker it is about
    begun_at BIGINT NOT NULL, -- purpose: when the person came there first; retention: 30 days after its end; seen by: the worker it is about
    used_at BIGINT NOT NULL -- purpose: when the person came there last; retention: 30 days after its end; seen by: the worker it is about
);

CREATE UNIQUE INDEX service_sessions_once ON service_sessions (session_id, client_id);

-- A service asks somebody who is logged in already: what is sent is shown, and answered once, by the browser that was asked.
CREATE TABLE sso_offers (
    offer_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the question; retention: 1 hour; seen by: nobody
    session_id TEXT NOT NULL REFERENCES sso_sessions (session_id), -- purpose: the log-in that would answer; retention: 1 hour; seen by: nobody
    client_id TEXT NOT NULL, -- purpose: which service asks; retention: 1 hour; seen by: nobody
    request TEXT NOT NULL, -- purpose: the checked request as JSON; retention: 1 hour; seen by: nobody
    pushed_hash BYTEA, -- purpose: the pushed request that it completes; retention: 1 hour; seen by: nobody
    browser_hash BYTEA NOT NULL, -- purpose: the browser that was asked; retention: 1 hour; seen by: nobody
    created_at BIGINT NOT NULL, -- purpose: when it was asked; retention: 1 hour; seen by: nobody
    answered_at BIGINT -- purpose: set once: it is answered; retention: 1 hour; seen by: nobody
);

-- "Fråga inte igen": one service, and exactly what was shown.
CREATE TABLE remembered_answers (
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: who said so; retention: until withdrawn; seen by: the worker it is about
    client_id TEXT NOT NULL, -- purpose: to which service; retention: until withdrawn; seen by: the worker it is about
    claims TEXT NOT NULL, -- purpose: what was shown, sorted, with spaces between; retention: until withdrawn; seen by: the worker it is about
    remembered_at BIGINT NOT NULL, -- purpose: when; retention: until withdrawn; seen by: the worker it is about
    PRIMARY KEY (affiliation_id, client_id, claims)
);

-- A log-in failed: the person reads why before the service hears of it.
CREATE TABLE told_refusals (
    told_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the page; retention: 1 hour; seen by: nobody
    client_id TEXT NOT NULL, -- purpose: which service hears of it; retention: 1 hour; seen by: nobody
    request TEXT NOT NULL, -- purpose: where the answer goes, as JSON; retention: 1 hour; seen by: nobody
    reason TEXT NOT NULL, -- purpose: what the person reads; retention: 1 hour; seen by: nobody
    browser_hash BYTEA NOT NULL, -- purpose: the browser that began; retention: 1 hour; seen by: nobody
    created_at BIGINT NOT NULL, -- purpose: when; retention: 1 hour; seen by: nobody
    read_at BIGINT -- purpose: set once: the person has read it; retention: 1 hour; seen by: nobody
);

-- A service sends a browser here to be logged out.
CREATE TABLE logout_requests (
    logout_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the question; retention: 1 hour; seen by: nobody
    request TEXT NOT NULL, -- purpose: the checked request as JSON; retention: 1 hour; seen by: nobody
    created_at BIGINT NOT NULL, -- purpose: when it came; retention: 1 hour; seen by: nobody
    answered_at BIGINT -- purpose: set once: it is answered; retention: 1 hour; seen by: nobody
);

ALTER TABLE grants ADD COLUMN session_id TEXT; -- purpose: the log-in in a browser that it comes from; retention: 30 days; seen by: auditor
ALTER TABLE grants ADD COLUMN sid TEXT; -- purpose: what the service calls that log-in; retention: 30 days; seen by: auditor
ALTER TABLE grants ADD COLUMN transaction_id TEXT; -- purpose: names this use of a log-in that stood already; retention: 30 days; seen by: auditor
ALTER TABLE grants ADD COLUMN ends_with_session BIGINT; -- purpose: 1 where it ends when the person logs out in the browser; retention: 30 days; seen by: auditor

CREATE INDEX grants_by_session ON grants (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX grants_by_phone ON grants (phone_id);
CREATE INDEX grants_by_affiliation ON grants (affiliation_id);
