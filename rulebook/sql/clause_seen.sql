-- One row per clause rule and subject that is met or unknown and becomes a finding; empty here, each rule adds its own.
create or replace table clause_seen (
    folder varchar,
    finds boolean,
    clause varchar,
    detector varchar,
    detector_version varchar,
    subject_kind varchar,
    subject_id varchar,
    promoter_id varchar,
    status varchar,
    window_start date,
    window_end date,
    confidence double,
    reason varchar,
    outcome varchar,
    group_status varchar,
    flagged boolean,
    evidence varchar
)
