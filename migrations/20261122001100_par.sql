-- Requests that services push before a browser is involved (RFC 9126).
CREATE TABLE pushed_requests (
    uri_hash BYTEA NOT NULL PRIMARY KEY, -- purpose: finds it by the secret part of its request_uri, stored nowhere; retention: 1 hour after expiry; seen by: nobody
    client_id TEXT NOT NULL, -- purpose: the service that pushed it, the only one that may use it; retention: 1 hour after expiry; seen by: auditor
    request TEXT NOT NULL, -- purpose: the checked request as JSON; retention: 1 hour after expiry; seen by: auditor
    expires_at BIGINT NOT NULL, -- purpose: refused after this; retention: 1 hour after expiry; seen by: auditor
    consumed_at BIGINT -- purpose: set once, when its authorization completes; retention: 1 hour after expiry; seen by: auditor
);

ALTER TABLE authorizations ADD COLUMN pushed_hash BYTEA; -- purpose: the pushed request that it completes; retention: 30 days; seen by: nobody
