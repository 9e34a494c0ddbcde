import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../hub-process.ts';
import type { Manifest } from './manifests.ts';

interface Match {
  readonly method?: string;
  readonly path: { readonly type: 'Exact' | 'PathPrefix'; readonly value: string };
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

/** The rule by which a request goes: an exact path before a prefix, a longer prefix before a shorter, then by method (GEP-1364). */
export function ruleFor(route: Manifest, method: string, path: string): RouteRule | undefined {
  const { rules } = route.spec as { rules: readonly RouteRule[] };
  const candidates = rules.flatMap((rule) =>
    rule.matches.filter((match) => isMatch(match, method, path)).map((match) => ({ rule, match })),
  );
  const rank = ({ method: chosen, path: { type, value } }: Match): number =>
    (type === 'Exact' ? 1e6 : 0) + value.length * 2 + (chosen === undefined ? 0 : 1);
  return candidates.sort((one, other) => rank(other.match) - rank(one.match))[0]?.rule;
}

function isMatch({ method: chosen, path: { type, value } }: Match, method: string, path: string): boolean {
  if (chosen !== undefined && chosen !== method) return false;
  if (type === 'Exact') return path === value;
  return value === '/' || path === value || path.startsWith(`${value}/`);
}

/** Every request that the two services answer on their public ports, with an example in the place of each parameter. */
export function readOperations(): Operation[] {
  return (['edge', 'ingest'] as const).flatMap((service) => {
    const folder = join(ROOT, 'services', service, 'src');
    return readdirSync(folder).flatMap((file) => {
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
