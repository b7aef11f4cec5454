-- Sessions on our own pages. A service's session is its own business.
CREATE TABLE sessions (
    session_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the session; retention: 30 days; seen by: the worker it is about
    cookie_hash BYTEA NOT NULL UNIQUE, -- purpose: recognises the browser; retention: 30 days; seen by: nobody
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: who is logged in; retention: 30 days; seen by: the worker it is about
    phone_id TEXT REFERENCES phones (phone_id), -- purpose: the phone it rests on: ended with it; retention: 30 days; seen by: auditor
    approval_id TEXT REFERENCES approvals (approval_id), -- purpose: the approval it comes from; retention: 30 days; seen by: auditor
    assurance TEXT NOT NULL, -- purpose: the level that was really performed; retention: 30 days; seen by: the worker it is about
    authenticated_at BIGINT NOT NULL, -- purpose: when the person approved; retention: 30 days; seen by: the worker it is about
    expires_at BIGINT NOT NULL, -- purpose: refused after this; retention: 30 days; seen by: the worker it is about
    ended_at BIGINT -- purpose: set: logged out; retention: 30 days; seen by: the worker it is about
);

CREATE INDEX sessions_by_affiliation ON sessions (affiliation_id);
