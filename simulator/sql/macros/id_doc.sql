-- the 18 characters of a person's identity document
create or replace macro id_document(person, salt, regions) as with_check_digit(
    regions[1 + (person * 1_000_003 + salt) % (34 * 14_000 * 998) % 34]
    || strftime(date '1960-01-01' + ((person * 1_000_003 + salt) % (34 * 14_000 * 998) // 34 % 14_000)::integer, '%Y%m%d')
    || lpad((1 + (person * 1_000_003 + salt) % (34 * 14_000 * 998) // (34 * 14_000))::varchar, 3, '0')
)
