import { type DeliveredData, encodeData, TidingsError } from '@tidings/protocol';
import type { Ignored } from './rule.ts';

/**
 * The value that a rule picked, as it is delivered. What no event can have is ignored: nobody can put it right, and as an error
 * it would come again and again.
 */
export function encodeDeliveredData(value: unknown): DeliveredData | Ignored {
  try {
    return encodeData(value);
  } catch (error) {
    if (error instanceof TidingsError) return { ignored: error.message };
    throw error;
  }
}
