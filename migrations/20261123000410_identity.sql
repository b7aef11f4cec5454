-- What the organisation knows of a person at work beside the name and the employment: each value with who said it and when.
CREATE TABLE attributes (
    affiliation_id TEXT NOT NULL REFERENCES affiliations (affiliation_id), -- purpose: whose value; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about
    name TEXT NOT NULL, -- purpose: which value (ad_name, address, email, employee_number, eppn, hsa_id, phone); retention: until the employment's end and 1 year; seen by: administrator, the worker it is about
    value TEXT NOT NULL, -- purpose: sent to services that ask for it and that the person approves; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about, services the person approves
    source TEXT NOT NULL, -- purpose: who said so, a person's id or the name of a system; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about
    changed_at BIGINT NOT NULL, -- purpose: since when it is known; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about
    checked_at BIGINT, -- purpose: when somebody checked that it reaches this person, for email_verified; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about, services the person approves
    PRIMARY KEY (affiliation_id, name)
);
