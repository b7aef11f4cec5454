-- Services registered in the system, beside those of the configuration file. A row stays when a service ends: its id is never given again.
CREATE TABLE clients (
    client_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the service, never another one; retention: 10 years after its end (old log-ins name it); seen by: everybody
    organisation_id TEXT NOT NULL REFERENCES organisations (organisation_id), -- purpose: whose service it is, never changed; retention: 10 years after its end; seen by: everybody
    form TEXT NOT NULL, -- purpose: the registration as JSON: names, addresses, public keys, what it may; no secret; retention: 10 years after its end (what a log-in was for); seen by: administrator, the service itself
    members TEXT NOT NULL, -- purpose: the registration in the words of RFC 7591 (JSON), with whom to contact; retention: 10 years after its end; seen by: administrator, the service itself
    secret_hash BYTEA, -- purpose: knows its secret, which is stored nowhere; retention: until its end; seen by: nobody
    resource TEXT UNIQUE, -- purpose: the audience that it is itself, no other service's; retention: until its end; seen by: administrator
    version BIGINT NOT NULL, -- purpose: counts its changes, so that every node has the newest and no change is lost; retention: 10 years after its end; seen by: administrator
    policy TEXT, -- purpose: the registration policy it registered itself under, if it did; retention: 10 years after its end; seen by: administrator
    manage_hash BYTEA UNIQUE, -- purpose: knows the token by which it changes its own registration; retention: until its end; seen by: nobody
    registered_at BIGINT NOT NULL, -- purpose: since when it is registered; retention: 10 years after its end; seen by: administrator
    registered_by TEXT NOT NULL, -- purpose: which administrator registered it, or that it did so itself; retention: 10 years after its end; seen by: administrator
    changed_at BIGINT NOT NULL, -- purpose: when it was changed last; retention: 10 years after its end; seen by: administrator
    suspended_at BIGINT, -- purpose: set: nobody logs in there; retention: 10 years after its end; seen by: administrator
    ended_at BIGINT -- purpose: set: it is registered no more; retention: 10 years after its end; seen by: administrator
);

CREATE INDEX clients_by_organisation ON clients (organisation_id, client_id);

CREATE INDEX clients_by_policy ON clients (policy);
