/** How a stream is carried. */
export type Transport = 'h1' | 'h2c' | 'h1-tls' | 'h2-tls';

export const isTls = (transport: Transport): boolean => transport.endsWith('tls');
export const isHttp2 = (transport: Transport): boolean => transport.startsWith('h2');

/** Where a client connects to. */
export interface Target {
  readonly port: number;
  readonly transport: Transport;
  readonly token: string;
  /** Events are published as their payload alone, for servers that know no topics in the body. */
  readonly takesPayloads?: boolean;
}
