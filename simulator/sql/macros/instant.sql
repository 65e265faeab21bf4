-- an instant from microseconds since the epoch; negative means none
create or replace macro instant(micros) as case when micros >= 0 then make_timestamp(micros::bigint) at time zone 'UTC' end
