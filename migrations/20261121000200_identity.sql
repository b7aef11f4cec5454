-- Organisations, persons, affiliations and invitations (architecture §1).
CREATE TABLE organisations (
    organisation_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the organisation; retention: as long as the organisation; seen by: everybody
    number TEXT NOT NULL UNIQUE, -- purpose: organisation number, part of orgAffiliation; retention: as long as the organisation; seen by: everybody
    name TEXT NOT NULL, -- purpose: registered name, shown and sent as orgName; retention: as long as the organisation; seen by: everybody
    identity_name TEXT NOT NULL, -- purpose: what this organisation calls its work identity on pages; retention: as long as the organisation; seen by: everybody
    created_at BIGINT NOT NULL -- purpose: when it was registered; retention: as long as the organisation; seen by: administrator
);

CREATE TABLE persons (
    person_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the natural person; retention: 2 years after the last affiliation; seen by: administrator
    given_name TEXT NOT NULL, -- purpose: shown and sent as given_name; retention: 2 years after the last affiliation; seen by: colleagues, services the person approves
    family_name TEXT NOT NULL, -- purpose: shown and sent as family_name; retention: 2 years after the last affiliation; seen by: colleagues, services the person approves
    created_at BIGINT NOT NULL -- purpose: when the person was entered; retention: 2 years after the last affiliation; seen by: administrator
);

CREATE TABLE affiliations (
    affiliation_id TEXT NOT NULL PRIMARY KEY, -- purpose: names one work identity; retention: 10 years (who signed what); seen by: administrator
    organisation_id TEXT NOT NULL REFERENCES organisations (organisation_id), -- purpose: the organisation; retention: 10 years; seen by: colleagues
    person_id TEXT NOT NULL REFERENCES persons (person_id), -- purpose: the person; retention: 10 years; seen by: administrator
    who TEXT NOT NULL UNIQUE, -- purpose: orgAffiliation, never given to another person; retention: 10 years; seen by: colleagues, services the person approves
    subject TEXT NOT NULL UNIQUE, -- purpose: OpenID Connect sub, random, says nothing; retention: 10 years; seen by: services the person approves
    kind TEXT NOT NULL CHECK (kind IN ('employee', 'elected', 'contractor', 'provider_staff')), -- purpose: what binds the person to the organisation; retention: 10 years; seen by: colleagues
    unit TEXT NOT NULL, -- purpose: unit name, shown and sent as orgUnit; retention: 10 years; seen by: colleagues, services the person approves
    role TEXT NOT NULL, -- purpose: what the person may do (policies/); retention: 10 years; seen by: colleagues
    assurance TEXT NOT NULL, -- purpose: how surely the person was identified; retention: 10 years; seen by: administrator, the worker it is about
    identified_by TEXT NOT NULL, -- purpose: who checked which kind of ID document (LC-05); retention: 10 years; seen by: administrator, the worker it is about
    valid_from BIGINT NOT NULL, -- purpose: first second of the employment; retention: 10 years; seen by: administrator, the worker it is about
    valid_to BIGINT, -- purpose: end of the employment, when known; retention: 10 years; seen by: administrator, the worker it is about
    blocked_at BIGINT, -- purpose: set: nothing works any longer; retention: 10 years; seen by: administrator, the worker it is about
    created_at BIGINT NOT NULL -- purpose: when it began to exist; retention: 10 years; seen by: administrator
);

CREATE INDEX affiliations_by_organisation ON affiliations (organisation_id, unit);

CREATE TABLE invitations (
    invitation_id TEXT NOT NULL PRIMARY KEY, -- purpose: names the invitation; retention: 1 year; seen by: manager
    link_hash BYTEA NOT NULL UNIQUE, -- purpose: finds the invitation by its one-time link, which is stored nowhere; retention: 1 year; seen by: nobody
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: the work identity offered; retention: 1 year; seen by: manager
    invited_by TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: the manager who asks; retention: 1 year; seen by: manager, the invited person
    created_at BIGINT NOT NULL, -- purpose: when it was made; retention: 1 year; seen by: manager
    expires_at BIGINT NOT NULL, -- purpose: refused after this (LC-02); retention: 1 year; seen by: manager, the invited person
    state TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'enrolled', 'declined', 'other_way', 'withdrawn')), -- purpose: each step once; retention: 1 year; seen by: manager
    answered_at BIGINT, -- purpose: when the person answered; retention: 1 year; seen by: manager
    terms_version TEXT, -- purpose: which text the person read before yes (K5.6); retention: 10 years; seen by: administrator, the worker it is about
    enrolment_hash BYTEA -- purpose: finds the enrolment that the yes began; retention: 1 year; seen by: nobody
);

CREATE UNIQUE INDEX invitations_by_enrolment ON invitations (enrolment_hash);
