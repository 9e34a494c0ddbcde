const LOOPBACK_ADDRESS = /^(::ffff:)?127\.|^::1$/;
const LOOPBACK_NAME = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * Whether a request comes from this machine, and names it so: neither alone is enough. A page elsewhere that points its own
 * name here must not read what is for whoever sits at the machine.
 */
export function isLocal(host: string | undefined, remoteAddress: string | undefined): boolean {
  return LOOPBACK_NAME.test(host ?? '') && LOOPBACK_ADDRESS.test(remoteAddress ?? '');
}
