-- Staying logged in: one family of refresh tokens for each log-in of a device, and what access tokens are bound to. A grant with a
-- family is kept for 30 days after the family's end.
CREATE TABLE refresh_families (
    family_hash BYTEA NOT NULL PRIMARY KEY, -- purpose: finds it by the first half of its tokens, stored nowhere; retention: 30 days after its end; seen by: nobody
    grant_id TEXT NOT NULL UNIQUE REFERENCES grants (grant_id), -- purpose: the log-in it prolongs; ended with it; retention: 30 days after its end; seen by: auditor
    current_hash BYTEA NOT NULL, -- purpose: the token given out last, stored nowhere; retention: 30 days after its end; seen by: nobody
    before_hash BYTEA, -- purpose: the token before it, whose repeat has the same answer; retention: 30 days after its end; seen by: nobody
    step BYTEA, -- purpose: the random part of the last step, for that answer; retention: 30 days after its end; seen by: nobody
    rotates BIGINT NOT NULL, -- purpose: 1 where each use gives a new token, 0 where the service proves a key of its own; retention: 30 days after its end; seen by: auditor
    key_thumbprint BYTEA, -- purpose: the device's key that must prove each use, if it has one; retention: 30 days after its end; seen by: auditor
    uses BIGINT NOT NULL, -- purpose: how often it was used, for support; retention: 30 days after its end; seen by: auditor, the worker it is about
    created_at BIGINT NOT NULL, -- purpose: when it began; retention: 30 days after its end; seen by: auditor, the worker it is about
    used_at BIGINT NOT NULL, -- purpose: when it was used last; retention: 30 days after its end; seen by: auditor, the worker it is about
    idle_until BIGINT NOT NULL, -- purpose: ends here unless it is used before; retention: 30 days after its end; seen by: auditor, the worker it is about
    ends_at BIGINT NOT NULL -- purpose: ends here in any case; retention: 30 days after its end; seen by: auditor, the worker it is about
);

ALTER TABLE grants ADD COLUMN revoked_for TEXT; -- purpose: why its tokens are dead; retention: 30 days; seen by: auditor, the worker it is about
ALTER TABLE access_tokens ADD COLUMN key_thumbprint BYTEA; -- purpose: the key that must prove each use, if it is bound to one; retention: until expiry; seen by: auditor
ALTER TABLE access_tokens ADD COLUMN scopes TEXT; -- purpose: what it may, where that is less than the grant; retention: until expiry; seen by: auditor
