-- yuan from whole fen, without a float in between
create or replace macro yuan(fen) as (fen::decimal(18, 0) * 0.01::decimal(3, 2))::decimal(18, 2)
