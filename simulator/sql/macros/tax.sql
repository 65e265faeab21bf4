-- the per_payment tax in fen on gross payments in fen, by the bracket of the base
create or replace macro tax_on(gross) as case
    when tax_base(gross) <= 2_000_000_000_000 then round_half_up(tax_base(gross) * 20 // 100)
    when tax_base(gross) <= 5_000_000_000_000 then round_half_up(tax_base(gross) * 30 // 100 - 200_000_000_000)
    else round_half_up(tax_base(gross) * 40 // 100 - 700_000_000_000) end
