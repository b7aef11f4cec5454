-- The number that says who a person is before the law, for services that must know it.
CREATE TABLE person_numbers (
    affiliation_id TEXT NOT NULL PRIMARY KEY REFERENCES affiliations (affiliation_id), -- purpose: whose number; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about
    number TEXT NOT NULL, -- purpose: personal identity number or coordination number, for services that are registered for it and that the person approves; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about, services the person approves
    level TEXT CHECK (level IN ('confirmed', 'probable', 'uncertain')), -- purpose: how sure a coordination number is (law 2022:1697); retention: until the employment's end and 1 year; seen by: administrator, the worker it is about, services the person approves
    previous TEXT, -- purpose: the coordination number that the person had before, so that a service finds its old account; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about, services the person approves
    source TEXT NOT NULL, -- purpose: who said so, a person's id or the name of a system; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about
    changed_at BIGINT NOT NULL -- purpose: since when it is known; retention: until the employment's end and 1 year; seen by: administrator, the worker it is about
);
