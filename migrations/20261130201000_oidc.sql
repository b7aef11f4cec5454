-- The pages of stored browser applications: which of them may read our answers. Written with the registration.
CREATE TABLE client_origins (
    client_id TEXT NOT NULL REFERENCES clients (client_id), -- purpose: whose pages; retention: until its end; seen by: administrator, the service itself
    origin TEXT NOT NULL, -- purpose: scheme, host and port of a page that may call us; retention: until its end; seen by: administrator, the service itself
    PRIMARY KEY (client_id, origin)
);

CREATE INDEX client_origins_by_origin ON client_origins (origin);
