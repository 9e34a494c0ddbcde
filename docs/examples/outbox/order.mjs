// @ts-check
// Changes an order, and writes the event that says so in the same transaction.
//   node docs/examples/outbox/order.mjs 42 packed
import pg from 'pg';

const [id, state] = process.argv.slice(2);
if (id === undefined || state === undefined) throw new Error('Say which order, and its state.');

// Where the database is: PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE.
const database = new pg.Client();
await database.connect();
try {
  await database.query('BEGIN');
  // First the order: whoever changes it at the same time waits here, so that the events of one order have its order.
  await database.query(
    'INSERT INTO orders (id, state) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET state = excluded.state',
    [id, state],
  );
  await database.query('INSERT INTO outbox (topic, event, data) VALUES ($1, $2, $3)', [
    `orders.${id}`,
    'status',
    { state },
  ]);
  await database.query('COMMIT');
} finally {
  // Without its COMMIT it has changed nothing.
  await database.end();
}
