-- the eleven digits of a number's code: its low bit tells virtual operators from ordinary ones
create or replace macro phone_number(code, salt, ordinary, virtual) as case
    when code % 2 = 1 then virtual[1 + code // 2 % len(virtual)]
    else ordinary[1 + code // 2 % len(ordinary)]
end || lpad(((code // 2 * 38_742_049 + salt) % 100_000_000)::varchar, 8, '0')
