-- Proofs, nonces and token ids that count once (RFC 7519 jti, RFC 9449). Read only to refuse the second use.
CREATE TABLE seen_once (
    purpose    TEXT   NOT NULL, -- purpose: which rule the mark belongs to; retention: until expires_at; seen by: nobody
    digest     BYTEA  NOT NULL, -- purpose: SHA-256 of what counts once; retention: until expires_at; seen by: nobody
    expires_at BIGINT NOT NULL, -- purpose: when the thing is refused for its age anyway; retention: itself; seen by: nobody
    PRIMARY KEY (purpose, digest)
);

CREATE INDEX seen_once_by_expiry ON seen_once (expires_at);
