import { isIP } from 'node:net';
import { checkServerIdentity, connect } from 'node:tls';
import type { Clock } from '@tidings/runtime';
import { faultOf } from '../../fault.ts';
import type { Check } from '../check.ts';
import { type Finding, failed, ok, skipped, warning } from '../finding.ts';
import { type Host, hostsOf, hostText } from '../host.ts';

/** What a handshake showed. */
export interface HandshakeSeen {
  readonly host: Host;
  /** There was none. */
  readonly fault?: string;
  /** Why the certificate is not trusted, such as `CERT_HAS_EXPIRED`. */
  readonly distrust?: string;
  /** The names that the certificate is for do not include this one. */
  readonly wrongName?: string;
  readonly validToMs?: number;
  /** Such as `TLSv1.3`. */
  readonly version?: string;
  /** What ALPN chose, of `h2` and `http/1.1`; absent when the server chose nothing. */
  readonly alpn?: string;
}

const DAY_MS = 86_400_000;
const FEW_DAYS = 21;

export function judgeCertificate(seen: HandshakeSeen, nowMs: number): Finding {
  const { host, validToMs = 0, version } = seen;
  const where = hostText(host);
  if (!host.secure) {
    if (host.loopback) return ok(`${where} is this machine: plain http is fine.`);
    return warning(
      `${where} speaks plain http: tokens and events can be read on the way, and browsers use no HTTP/2.`,
      'End TLS at the proxy, or set TIDINGS_TLS_CERT and TIDINGS_TLS_KEY.',
    );
  }
  if (seen.fault !== undefined) {
    const isPlain = /wrong.version.number|packet length too long/i.test(seen.fault);
    return failed(
      `${where} makes no TLS connection: ${seen.fault}.`,
      isPlain
        ? 'That port speaks plain http: use http:// or the port of TLS.'
        : 'It must offer TLS 1.2 or 1.3: nginx `ssl_protocols TLSv1.2 TLSv1.3;`.',
    );
  }
  const daysLeft = Math.floor((validToMs - nowMs) / DAY_MS);
  const until = new Date(validToMs).toISOString().slice(0, 10);
  if (seen.wrongName !== undefined) {
    return failed(
      `The certificate of ${where} is for another name: ${seen.wrongName}`,
      `Get a certificate with ${host.name} among its names.`,
    );
  }
  if (validToMs <= nowMs) {
    return failed(`The certificate of ${where} ended on ${until}.`, 'Renew it, and see that the proxy has loaded it.');
  }
  if (seen.distrust !== undefined) {
    return failed(`The certificate of ${where} is not trusted: ${seen.distrust}.`, adviceFor(seen.distrust));
  }
  if (daysLeft < FEW_DAYS) {
    return warning(
      `The certificate of ${where} ends in ${daysLeft} days, on ${until}.`,
      'Renew it now. Tidings reads TIDINGS_TLS_CERT again by itself when it changes; a proxy may want a reload.',
    );
  }
  return ok(`${where} has a certificate until ${until} (${daysLeft} days), and speaks ${version}.`);
}

function adviceFor(distrust: string): string {
  if (/UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/.test(distrust)) {
    return 'Serve the chain with it: nginx `ssl_certificate` and TIDINGS_TLS_CERT take a file with the certificate and its intermediates. For an authority of your own, set NODE_EXTRA_CA_CERTS here.';
  }
  return 'Use a certificate of an authority that clients trust. For an authority of your own, name its file in NODE_EXTRA_CA_CERTS when you run this.';
}

export function judgeHttp2({ host, fault, alpn }: HandshakeSeen): Finding {
  if (!host.secure) return skipped('Browsers use HTTP/2 over TLS alone.');
  if (fault !== undefined) return skipped('There was no TLS connection.');
  const where = hostText(host);
  if (alpn === 'h2') return ok(`${where} offers HTTP/2.`);
  return warning(
    `${where} does not offer HTTP/2: over HTTP/1.1 a browser opens six connections to an origin, for all tabs together, and each stream takes one.`,
    'nginx: `http2 on;` in the server block; a load balancer: its HTTP/2 setting. Tidings itself offers it where it has a certificate.',
  );
}

function shakeHands(host: Host, timeoutMs: number, clock: Clock): Promise<HandshakeSeen> {
  if (!host.secure) return Promise.resolve({ host });
  return new Promise((resolve) => {
    const finish = (seen: Omit<HandshakeSeen, 'host'>): void => {
      timer.cancel();
      socket.destroy();
      resolve({ host, ...seen });
    };
    const socket = connect({
      host: host.name,
      port: host.port,
      // An address is no name to ask for (RFC 6066 section 3).
      ...(isIP(host.name) === 0 && { servername: host.name }),
      ALPNProtocols: ['h2', 'http/1.1'],
      // It is looked at here, to say more than no.
      rejectUnauthorized: false,
    });
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerCertificate();
      const wrongName = checkServerIdentity(host.name, certificate)?.message;
      const distrust = codeOf(socket.authorizationError);
      const alpn = socket.alpnProtocol;
      finish({
        ...(distrust !== undefined && distrust !== 'ERR_TLS_CERT_ALTNAME_INVALID' && { distrust }),
        ...(wrongName !== undefined && { wrongName }),
        ...(typeof alpn === 'string' && { alpn }),
        validToMs: Date.parse(certificate.valid_to),
        version: socket.getProtocol() ?? 'TLS',
      });
    });
    socket.once('error', (error) => finish({ fault: faultOf(error) }));
    const timer = clock.after(timeoutMs, () => finish({ fault: `no handshake within ${timeoutMs / 1_000} s` }));
  });
}

/** Node declares an error, and sets the text of its code. */
function codeOf(reason: unknown): string | undefined {
  if (reason === null || reason === undefined) return undefined;
  return typeof reason === 'string' ? reason : ((reason as { code?: string }).code ?? String(reason));
}

/** The certificate is trusted, for this name, and not about to end. */
export const tlsCheck: Check = {
  id: 'tls',
  needs: ['address'],
  async run({ deployment, patience, clock }) {
    const seen = hostsOf(deployment).map((host) => shakeHands(host, patience.answerMs, clock));
    return (await Promise.all(seen)).map((each) => judgeCertificate(each, clock.now()));
  },
};

/** Browsers get HTTP/2. */
export const http2Check: Check = {
  id: 'http2',
  needs: ['tls'],
  async run({ deployment, patience, clock }) {
    // Publishers are no browsers.
    const [edge] = hostsOf(deployment);
    return edge === undefined ? [] : [judgeHttp2(await shakeHands(edge, patience.answerMs, clock))];
  },
};
