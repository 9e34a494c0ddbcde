/** Why a request or a connection failed, in words that help: fetch hides the reason behind "fetch failed". */
export function faultOf(error: unknown): string {
  const { message, code, cause } = error as Error & { code?: string };
  if (cause instanceof Error) return faultOf(cause);
  if (typeof code !== 'string' || message.includes(code)) return message;
  return message === '' ? code : `${message} (${code})`;
}
