-- the base of the per_payment tax in micro-fen: 800 yuan or a fifth are exempt
create or replace macro tax_base(gross) as case
    when gross <= 400_000 then greatest(gross - 80_000, 0)::hugeint * 1_000_000 else gross::hugeint * 800_000 end
