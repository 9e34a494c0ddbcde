import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../hub-process.ts';
import type { Manifest } from './manifests.ts';

interface Match {
  readonly method?: string;
  readonly path: { readonly type: 'Exact' | 'PathPrefix'; readonly value: string };
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
}

/** What a route says of the requests that it matches. */
export interface RouteRule {
  readonly matches: readonly Match[];
  readonly backendRefs: readonly { readonly name: string; readonly port: number }[];
  readonly timeouts: { readonly request: string; readonly backendRequest: string };
}

/** A request that a service answers, as its source registers it. */
export interface Operation {
  readonly service: 'edge' | 'ingest';
  readonly method: string;
  readonly path: string;
}

/** A request as a gateway looks at it. */
interface Asked {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The rule of one route by which a request of its host goes. */
export function ruleFor(route: Manifest, method: string, path: string): RouteRule | undefined {
  const { hostnames } = route.spec as { hostnames: readonly string[] };
  return wayOf([route], { host: hostnames[0] ?? '', method, path })?.rule;
}

/**
 * The route and the rule by which a request goes, of all routes of a gateway: an exact path before a prefix, a longer prefix before
 * a shorter, then by method, then by how many headers are matched (the Gateway API on HTTPRouteRule).
 */
export function wayOf(
  routes: readonly Manifest[],
  asked: Asked,
): { readonly route: Manifest; readonly rule: RouteRule } | undefined {
  const candidates = routes.flatMap((route) => {
    const { hostnames, rules } = route.spec as { hostnames: readonly string[]; rules: readonly RouteRule[] };
    if (!hostnames.includes(asked.host)) return [];
    return rules.flatMap((rule) =>
      rule.matches.filter((match) => isMatch(match, asked)).map((match) => ({ route, rule, match })),
    );
  });
  const rank = ({ method: chosen, path: { type, value }, headers = [] }: Match): number =>
    (type === 'Exact' ? 1e6 : 0) + value.length * 200 + (chosen === undefined ? 0 : 100) + headers.length;
  return candidates.sort((one, other) => rank(other.match) - rank(one.match))[0];
}

function isMatch(
  { method: chosen, path: { type, value }, headers: wanted = [] }: Match,
  { method, path, headers = {} }: Asked,
): boolean {
  if (chosen !== undefined && chosen !== method) return false;
  if (wanted.some((header) => headers[header.name] !== header.value)) return false;
  if (type === 'Exact') return path === value;
  return value === '/' || path === value || path.startsWith(`${value}/`);
}

/** Every request that the two services answer on their public ports, with an example in the place of each parameter. */
export function readOperations(): Operation[] {
  return (['edge', 'ingest'] as const).flatMap((service) => {
    const folder = join(ROOT, 'services', service, 'src');
    const files = readdirSync(folder, { recursive: true }).map(String);
    return files.flatMap((file) => {
      if (!file.endsWith('.ts')) return [];
      const calls = readFileSync(join(folder, file), 'utf8').matchAll(
        /\bapp\.(get|post|patch|put|delete)\(\s*'([^']+)'/g,
      );
      return [...calls].map(([, method = '', path = '']) => ({
        service,
        method: method.toUpperCase(),
        path: path.replaceAll(/:\w+/g, 'example'),
      }));
    });
  });
}
