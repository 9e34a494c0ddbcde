import { findNatsServer } from '@tidings/broker/testing';

/**
 * Once before the tests of a workspace that needs the server: where it is missing, it is installed by one process and
 * not by every worker at once, and the remedy is shown one time and not once for each test.
 */
export async function setup(): Promise<void> {
  await findNatsServer();
}
