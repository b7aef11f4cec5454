-- Signatures people are asked for, the certificates of our authorities, and the answers of the signing core.
CREATE TABLE authorities (
    kid BYTEA NOT NULL PRIMARY KEY, -- purpose: the key the certificate is for; retention: as long as signatures must verify; seen by: everybody
    kind TEXT NOT NULL CHECK (kind IN ('root', 'signing_ca', 'timestamping')), -- purpose: what the certificate may do; retention: as long as signatures must verify; seen by: everybody
    certificate BYTEA NOT NULL, -- purpose: the certificate, published; retention: as long as signatures must verify; seen by: everybody
    created_at BIGINT NOT NULL -- purpose: when it was issued; retention: as long as signatures must verify; seen by: everybody
);

CREATE TABLE signatures (
    signature_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the signature asked for; retention: until the document is archived and disposed of; seen by: signer, who asked
    organisation_id TEXT NOT NULL REFERENCES organisations (organisation_id), -- purpose: whose matter it is; retention: with the document; seen by: signer, who asked
    requested_by TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: who asks; retention: with the document; seen by: signer, who asked
    signer TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: who is asked; retention: with the document; seen by: signer, who asked
    class TEXT NOT NULL, -- purpose: the kind of document, which decides the level; retention: with the document; seen by: signer, who asked
    assurance TEXT NOT NULL, -- purpose: the level demanded; retention: with the document; seen by: signer, who asked
    title TEXT NOT NULL, -- purpose: what the signer reads; retention: with the document; seen by: signer, who asked
    pages BIGINT NOT NULL, -- purpose: how many pages must be read; retention: with the document; seen by: signer, who asked
    file_hash BYTEA NOT NULL, -- purpose: finds the file as uploaded; retention: with the document; seen by: signer, who asked
    state TEXT NOT NULL CHECK (state IN ('waiting', 'signed', 'declined', 'failed')), -- purpose: each step once; retention: with the document; seen by: signer, who asked
    approval_id TEXT REFERENCES approvals (approval_id), -- purpose: the approval that is open or was given; retention: with the document; seen by: auditor
    prepared_hash BYTEA, -- purpose: finds the file that waits for its signature; retention: until signed; seen by: nobody
    byte_range TEXT, -- purpose: which bytes of it are signed; retention: until signed; seen by: nobody
    signed_hash BYTEA, -- purpose: finds the signed file; retention: with the document; seen by: signer, who asked
    created_at BIGINT NOT NULL, -- purpose: when it was asked; retention: with the document; seen by: signer, who asked
    expires_at BIGINT NOT NULL, -- purpose: refused after this; retention: with the document; seen by: signer, who asked
    ended_at BIGINT -- purpose: when it was signed or declined; retention: with the document; seen by: signer, who asked
);

CREATE INDEX signatures_by_signer ON signatures (signer, state);
CREATE INDEX signatures_by_requester ON signatures (requested_by, created_at);
CREATE UNIQUE INDEX signatures_by_approval ON signatures (approval_id);

CREATE TABLE core_answers (
    approval_id TEXT NOT NULL PRIMARY KEY REFERENCES approvals (approval_id), -- purpose: one approval gives one signature; retention: 10 years; seen by: auditor
    message_digest BYTEA NOT NULL, -- purpose: what was signed, by its digest only; retention: 10 years; seen by: auditor
    answer TEXT NOT NULL, -- purpose: given again to who asks again after a kill; retention: 10 years; seen by: auditor
    certificate BYTEA NOT NULL, -- purpose: the one-time certificate; retention: 10 years; seen by: auditor
    created_at BIGINT NOT NULL -- purpose: when it signed; retention: 10 years; seen by: auditor
);
