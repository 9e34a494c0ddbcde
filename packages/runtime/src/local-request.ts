import { type RequestHead, requestedHost } from './request-head.ts';

const LOOPBACK_ADDRESS = /^(::ffff:)?127\.|^::1$/;
const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

// Proxies say so of whom they speak for, and many name us by a loopback name then (RFC 7239, and what came before it).
const FORWARDED = ['forwarded', 'x-forwarded-for'];

/**
 * Whether a request comes from this machine, and names it so: neither alone is enough. A page elsewhere that points its own
 * name here must not read what is for whoever sits at the machine; nor must whoever comes by a proxy on it.
 */
export function isLocal(head: RequestHead): boolean {
  if (FORWARDED.some((name) => head.headers[name] !== undefined)) return false;
  return LOOPBACK_NAME.test(requestedHost(head) ?? '') && LOOPBACK_ADDRESS.test(head.socket?.remoteAddress ?? '');
}
