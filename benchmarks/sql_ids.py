"""Ids for rows that a statement makes."""


def id_at(moment: str) -> str:
    """An SQL expression: a new id that begins with its time, as those of accounts.ids.new_id. moment: an SQL expression as well."""
    milliseconds = f"substring(int8send((extract(epoch FROM {moment}) * 1000)::bigint) FROM 3)"
    return f"encode(set_bit(set_bit(overlay(uuid_send(gen_random_uuid()) PLACING {milliseconds} FROM 1 FOR 6), 52, 1), 53, 1), 'hex')::uuid"
