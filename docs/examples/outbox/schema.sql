-- The application's own table, and the outbox beside it: what is written to both in one transaction stands in both or in none.
CREATE TABLE orders (
  id    bigint PRIMARY KEY,
  state text   NOT NULL
);

CREATE TABLE outbox (
  -- The idempotency key of the event, and part of its data.
  id         uuid        PRIMARY KEY DEFAULT gen_random_uuid(),
  -- The order of the events of one topic.
  place      bigint      GENERATED ALWAYS AS IDENTITY,
  topic      text        NOT NULL,
  event      text        NOT NULL DEFAULT '',
  data       jsonb       NOT NULL CHECK (jsonb_typeof(data) = 'object'),
  -- The relay puts the row's id there, in the place of any other.
  CONSTRAINT outbox_data_has_no_id CHECK (NOT data ? 'id'),
  -- When it was tried first, and a cursor of the hub from before that: set before anything is sent, and never again.
  tried_at   timestamptz,
  tried_from text,
  -- Why the hub will not have it. It stays here for a person to look at.
  failed     text
);

CREATE INDEX outbox_next ON outbox (topic, place) WHERE failed IS NULL;

-- A notification says only that there is something to do: the rows are the truth, and one that is lost loses nothing.
CREATE FUNCTION wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NOTIFY outbox;
  RETURN NULL;
END $$;

CREATE TRIGGER wake_relay AFTER INSERT ON outbox FOR EACH STATEMENT EXECUTE FUNCTION wake_relay();
