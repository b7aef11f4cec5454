-- Logos of services: small pictures that we drew ourselves from what a service named. No page ever shows a picture from elsewhere.
CREATE TABLE client_logos (
    client_id TEXT NOT NULL, -- purpose: whose logo, of the configuration file or stored; retention: until the service's end; seen by: everybody
    language TEXT NOT NULL, -- purpose: sv, en, or empty for both; retention: until the service's end; seen by: everybody
    source TEXT NOT NULL, -- purpose: where it came from: an https address, or a file of the operator's with its digest; retention: until the service's end; seen by: administrator, the service itself
    picture BYTEA, -- purpose: the picture as PNG, small, without anything that came with it; none: not fetched yet, or not taken; retention: until the service's end; seen by: everybody
    picture_hash BYTEA, -- purpose: names the picture in its address; retention: until the service's end; seen by: everybody
    PRIMARY KEY (client_id, language)
);

CREATE INDEX client_logos_by_hash ON client_logos (picture_hash);
