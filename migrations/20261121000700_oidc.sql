-- The OpenID Connect provider: what a service asked, the grant that a log-in gave, and its access tokens.
CREATE TABLE authorizations (
    approval_id TEXT NOT NULL PRIMARY KEY REFERENCES approvals (approval_id), -- purpose: the log-in that answers it; retention: 30 days; seen by: auditor
    client_id TEXT NOT NULL, -- purpose: which service asked; retention: 30 days; seen by: auditor, the worker it is about
    request TEXT NOT NULL, -- purpose: the checked request as JSON; retention: 30 days; seen by: auditor
    created_at BIGINT NOT NULL, -- purpose: when it came; retention: 30 days; seen by: auditor
    answered_at BIGINT -- purpose: set once: the service has its answer; retention: 30 days; seen by: auditor
);

CREATE TABLE grants (
    grant_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the grant; retention: 30 days; seen by: auditor
    code_hash BYTEA NOT NULL UNIQUE, -- purpose: finds it by its one-time code, stored nowhere; retention: 30 days; seen by: nobody
    client_id TEXT NOT NULL, -- purpose: which service it was given to; retention: 30 days; seen by: auditor, the worker it is about
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: who logged in; retention: 30 days; seen by: auditor, the worker it is about
    phone_id TEXT NOT NULL REFERENCES phones (phone_id), -- purpose: the phone it rests on: blocked with it; retention: 30 days; seen by: auditor
    approval_id TEXT NOT NULL REFERENCES approvals (approval_id), -- purpose: the approval it rests on; retention: 30 days; seen by: auditor
    request TEXT NOT NULL, -- purpose: what was asked and is released (JSON); retention: 30 days; seen by: auditor
    assurance TEXT NOT NULL, -- purpose: the level told; retention: 30 days; seen by: auditor, the worker it is about
    hardware_key BIGINT NOT NULL, -- purpose: whether the key cannot leave its hardware, 0 or 1, for amr; retention: 30 days; seen by: auditor
    authenticated_at BIGINT NOT NULL, -- purpose: auth_time; retention: 30 days; seen by: auditor
    code_expires_at BIGINT NOT NULL, -- purpose: the code is refused after this; retention: 30 days; seen by: auditor
    redeemed_at BIGINT, -- purpose: set once by any attempt, right or wrong: the code is dead; retention: 30 days; seen by: auditor
    revoked_at BIGINT -- purpose: set: its tokens are dead; retention: 30 days; seen by: auditor
);

CREATE TABLE access_tokens (
    token_hash BYTEA NOT NULL PRIMARY KEY, -- purpose: finds it by the token, stored nowhere; retention: until expiry; seen by: nobody
    grant_id TEXT NOT NULL REFERENCES grants (grant_id), -- purpose: what it gives; retention: until expiry; seen by: auditor
    expires_at BIGINT NOT NULL -- purpose: refused after this; retention: until expiry; seen by: auditor
);
