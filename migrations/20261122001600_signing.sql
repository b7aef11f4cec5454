ALTER TABLE signatures ADD COLUMN asked_again_at BIGINT; -- purpose: set once: who asked has asked anew after a no or a failure; retention: with the document; seen by: signer, who asked

ALTER TABLE authorities ADD COLUMN list_number BIGINT; -- purpose: the last number that a list of ended certificates took; retention: as long as signatures must verify; seen by: everybody

-- The list of ended certificates that each of our authorities has signed; a number is never given twice.
CREATE TABLE revocation_lists (
    kid BYTEA NOT NULL REFERENCES authorities (kid), -- purpose: the authority that signed it; retention: as long as signatures must verify; seen by: everybody
    number BIGINT NOT NULL, -- purpose: grows with each list (RFC 5280 5.2.3); retention: as long as signatures must verify; seen by: everybody
    revoked BIGINT NOT NULL, -- purpose: how many certificates it names, so that a new one is seen; retention: as long as signatures must verify; seen by: everybody
    list BYTEA NOT NULL, -- purpose: the list, published; retention: as long as signatures must verify; seen by: everybody
    issued_at BIGINT NOT NULL, -- purpose: when it was signed; retention: as long as signatures must verify; seen by: everybody
    PRIMARY KEY (kid, number)
);
