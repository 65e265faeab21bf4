-- the account id of an account's number: permuted, so that ids tell nothing about blocks
create or replace macro account_id(number, salt) as 'A' || lpad(((number * 73_687_871 + salt) % 1_000_000_000)::varchar, 9, '0')
