const TIMEOUT_MS = 2_500;

/**
 * Asks the admin port of the service that runs beside it.
 * @param {NodeJS.ProcessEnv} env Of the service; its defaults are those of the image.
 * @param {'/healthz' | '/readyz'} path
 * @returns {Promise<{ isWell: boolean, answer: string }>}
 */
export async function healthOf({ TIDINGS_ADMIN_HOST: host, HOST, TIDINGS_ADMIN_PORT: port }, path) {
  const url = `http://${reachable(host || HOST || '127.0.0.1')}:${port || '9090'}${path}`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { isWell: response.ok, answer: (await response.text()).trim() };
  } catch (error) {
    return { isWell: false, answer: `${url}: ${error.cause?.message ?? error.message}` };
  }
}

/** Where a service that listens on every address is reached from beside it. */
function reachable(host) {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
