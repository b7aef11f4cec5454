-- What a person signed at a service's wish within OpenID Connect: made of the approval by the signing core, fetched by the provider.
CREATE TABLE user_signatures (
    approval_id TEXT NOT NULL PRIMARY KEY REFERENCES approvals (approval_id), -- purpose: the approval it was made of; retention: 10 years (evidence); seen by: auditor, the worker it is about
    signature TEXT NOT NULL, -- purpose: the signature with what was agreed to, as the service got it; retention: 10 years (evidence); seen by: auditor, the worker it is about, the service that asked
    certificate BYTEA NOT NULL, -- purpose: who signed and how surely; retention: 10 years (evidence); seen by: auditor, the worker it is about, the service that asked
    created_at BIGINT NOT NULL -- purpose: when it was made; retention: 10 years (evidence); seen by: auditor
);
