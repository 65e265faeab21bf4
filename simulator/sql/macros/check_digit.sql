-- 17 digits of an identity document with their ISO 7064 MOD 11-2 check digit
create or replace macro with_check_digit(body) as body || substr('10X98765432', 1 + list_sum(list_transform(
    list_zip(string_split(body, ''), [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]), lambda p: p[1]::integer * p[2]
))::integer % 11, 1)
