-- Phones, their public keys, and approvals: the state machine every log-in and signature goes through.
CREATE TABLE phones (
    phone_id TEXT NOT NULL PRIMARY KEY, -- purpose: names one enrolled phone; retention: 1 year after removal; seen by: the worker it is about
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: whose work identity it carries; retention: 1 year after removal; seen by: the worker it is about
    tier TEXT NOT NULL CHECK (tier IN ('t0', 't1', 't2', 't3')), -- purpose: what its keys are worth (architecture §7); retention: 1 year after removal; seen by: administrator, the worker it is about
    browser_hash BYTEA UNIQUE, -- purpose: recognises the browser that holds a browser-kept key, to greet it and nothing more; retention: until removal; seen by: nobody
    enrolled_at BIGINT NOT NULL, -- purpose: when it was enrolled; retention: 1 year after removal; seen by: manager, the worker it is about
    blocked_at BIGINT, -- purpose: set: every key of it is dead; retention: 1 year after removal; seen by: manager, the worker it is about
    last_used_at BIGINT -- purpose: shown to the worker so that a foreign use is noticed; retention: 1 year after removal; seen by: the worker it is about
);

CREATE INDEX phones_by_affiliation ON phones (affiliation_id);

CREATE TABLE credentials (
    credential_id TEXT NOT NULL PRIMARY KEY, -- purpose: names one public key; retention: 10 years (verifies stored approvals); seen by: auditor
    phone_id TEXT NOT NULL REFERENCES phones (phone_id), -- purpose: the phone that holds the private half; retention: 10 years; seen by: auditor
    key_use TEXT NOT NULL CHECK (key_use IN ('device', 'approval', 'door', 'browser')), -- purpose: the one kind of structure it signs; retention: 10 years; seen by: auditor
    public_key BYTEA NOT NULL, -- purpose: SEC1 point, or the COSE key of a browser-kept one; retention: 10 years; seen by: auditor
    thumbprint BYTEA NOT NULL UNIQUE, -- purpose: finds the key; one key belongs to one phone; retention: 10 years; seen by: auditor
    external_id BYTEA, -- purpose: WebAuthn credential id; retention: until removal; seen by: nobody
    relying_party TEXT, -- purpose: rpID it was made for, so that an address may change later; retention: until removal; seen by: administrator
    backup_eligible BIGINT, -- purpose: WebAuthn BE flag at enrolment, 0 or 1, must never change; retention: 10 years; seen by: auditor
    attestation TEXT NOT NULL, -- purpose: which evidence for the key was checked; retention: 10 years; seen by: auditor
    created_at BIGINT NOT NULL -- purpose: when it was enrolled; retention: 10 years; seen by: auditor
);

CREATE INDEX credentials_by_phone ON credentials (phone_id);

CREATE TABLE registrations (
    enrolment_hash BYTEA NOT NULL PRIMARY KEY, -- purpose: finds a started enrolment; retention: 1 hour; seen by: nobody
    challenge BYTEA NOT NULL, -- purpose: what the new keys must sign; retention: 1 hour; seen by: nobody
    browser_state TEXT, -- purpose: what the WebAuthn registration must match; retention: 1 hour; seen by: nobody
    expires_at BIGINT NOT NULL, -- purpose: refused after this; retention: 1 hour; seen by: nobody
    finished_at BIGINT -- purpose: set once: the enrolment is used; retention: 1 hour; seen by: nobody
);

CREATE TABLE approvals (
    approval_id TEXT NOT NULL PRIMARY KEY, -- purpose: the transaction; retention: 10 years (evidence); seen by: auditor, the worker it is about
    kind TEXT NOT NULL CHECK (kind IN ('login', 'signature', 'opening')), -- purpose: what it gives; retention: 10 years; seen by: auditor, the worker it is about
    state TEXT NOT NULL CHECK (state IN ('created', 'claimed', 'shown', 'approved', 'declined', 'expired', 'aborted', 'consumed')), -- purpose: each edge once; retention: 10 years; seen by: auditor
    request TEXT NOT NULL, -- purpose: who asks for what, before a person is known (JSON); retention: 10 years; seen by: auditor
    link_hash BYTEA UNIQUE, -- purpose: finds it by a same-phone link; retention: until expiry; seen by: nobody
    qr_hash BYTEA UNIQUE, -- purpose: finds it by the moving code's start token; retention: until expiry; seen by: nobody
    browser_hash BYTEA NOT NULL, -- purpose: only the browser that began may go on (MB-04); retention: until expiry; seen by: nobody
    start_kind TEXT, -- purpose: how the person came here; retention: 10 years; seen by: auditor, the worker it is about
    affiliation_id TEXT REFERENCES affiliations (affiliation_id), -- purpose: who was asked; retention: 10 years; seen by: auditor, the worker it is about
    phone_id TEXT REFERENCES phones (phone_id), -- purpose: the phone that claimed it; retention: 10 years; seen by: auditor
    bytes BYTEA, -- purpose: the canonical bytes as shown and signed; retention: 10 years; seen by: auditor, the worker it is about
    evidence TEXT, -- purpose: the signed approval whole (JSON); retention: 10 years; seen by: auditor, the worker it is about
    reason TEXT, -- purpose: why it was declined or aborted; retention: 1 year; seen by: auditor, the worker it is about
    created_at BIGINT NOT NULL, -- purpose: when it was asked; retention: 10 years; seen by: auditor, the worker it is about
    claimed_at BIGINT, -- purpose: when a phone took it; retention: 10 years; seen by: auditor
    shown_at BIGINT, -- purpose: when all of it had been shown; retention: 10 years; seen by: auditor
    decided_at BIGINT, -- purpose: when the person answered; retention: 10 years; seen by: auditor, the worker it is about
    consumed_at BIGINT, -- purpose: set once: it has given what it gives; retention: 10 years; seen by: auditor
    expires_at BIGINT NOT NULL -- purpose: refused after this; retention: 10 years; seen by: auditor
);

CREATE INDEX approvals_by_affiliation ON approvals (affiliation_id, created_at);
