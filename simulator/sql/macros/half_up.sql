-- fen from a product of fen and parts per million, half up
create or replace macro round_half_up(product) as ((product + 500_000) // 1_000_000)::bigint
