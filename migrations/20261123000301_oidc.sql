-- Programs that wait while a person answers elsewhere: services that asked for a known person (CIBA), and devices without a browser
-- (RFC 8628).
CREATE TABLE awaited_requests (
    handle_hash BYTEA NOT NULL PRIMARY KEY, -- purpose: finds it by auth_req_id or device_code, stored nowhere; retention: 30 days; seen by: nobody
    kind TEXT NOT NULL CHECK (kind IN ('backchannel', 'device')), -- purpose: which of the two; retention: 30 days; seen by: auditor
    client_id TEXT NOT NULL, -- purpose: the program that waits, the only one that may ask; retention: 30 days; seen by: auditor, the worker it is about
    affiliation_id TEXT REFERENCES affiliations (affiliation_id), -- purpose: who was asked for; none on a device until somebody answers; retention: 30 days; seen by: auditor, the worker it is about
    approval_id TEXT UNIQUE REFERENCES approvals (approval_id), -- purpose: what the person answers; none on a device until its code is typed; retention: 30 days; seen by: auditor
    request TEXT NOT NULL, -- purpose: what was asked and is released (JSON); retention: 30 days; seen by: auditor
    user_mac BYTEA, -- purpose: finds it by the short code that a person types, stored nowhere; retention: until it is typed or refused; seen by: nobody
    notification BYTEA, -- purpose: the sealed token of the ping; retention: until the ping; seen by: nobody
    pace BIGINT NOT NULL, -- purpose: seconds between two polls; retention: 30 days; seen by: auditor
    polled_at BIGINT, -- purpose: when it was polled last; retention: 30 days; seen by: auditor
    created_at BIGINT NOT NULL, -- purpose: when it came; retention: 30 days; seen by: auditor
    expires_at BIGINT NOT NULL, -- purpose: refused after this; retention: 30 days; seen by: auditor
    denied_at BIGINT, -- purpose: set: a person at another screen said that the code is not theirs; retention: 30 days; seen by: auditor
    confirmed_at BIGINT, -- purpose: set: the answer of the same phone came back to the browser that typed the code; retention: 30 days; seen by: auditor
    taken_at BIGINT -- purpose: set once: the program has its answer; retention: 30 days; seen by: auditor
);

CREATE UNIQUE INDEX awaited_by_user_code ON awaited_requests (user_mac) WHERE user_mac IS NOT NULL;
CREATE INDEX awaited_by_person ON awaited_requests (affiliation_id, client_id, created_at);
CREATE INDEX awaited_by_end ON awaited_requests (expires_at);
