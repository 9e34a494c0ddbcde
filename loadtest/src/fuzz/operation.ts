import type { Chance } from '../chaos/chance.ts';
import type { HttpRequest } from './http-request.ts';
import { METHODS, oddJson, oddText, toUrlPart } from './odd-value.ts';

/** The part of JSON Schema that OpenAPI documents of ours use. */
interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

interface Parameter {
  readonly $ref?: string;
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema?: Schema;
}

interface Described {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
}

export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

/** One request that a service documents. */
export interface Operation {
  readonly service: 'edge' | 'ingest';
  readonly method: string;
  readonly path: string;
  /** A request of this kind. @param oddness the share of its values that are odd; 0 for one that should be fine. */
  sample(chance: Chance, oddness: number): HttpRequest;
}

const METHOD = /^(get|head|post|put|patch|delete|options)$/;
const NOISE_BYTES = 64;

/**
 * The requests of an `/openapi.json`, so that a route is covered from the day on that it is documented.
 * @param marker stands in payloads: whoever finds it elsewhere found a payload.
 */
export function readOperations(document: ApiDocument, service: 'edge' | 'ingest', marker: string): Operation[] {
  const resolve = <Item extends { readonly $ref?: string }>(item: Item): Item => {
    if (item.$ref === undefined) return item;
    const found = item.$ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
    return (found ?? {}) as Item;
  };

  // What stands in a topic, a user or an id should be legal mostly, or nothing behind their checks is ever reached.
  function plausible(name: string, chance: Chance): string {
    if (/topic/.test(name))
      return chance.pick(['fuzz.a', 'fuzz.b.c', 'fuzz.*', 'fuzz.>', `fuzz.${chance.between(0, 9)}`]);
    if (/user|sub$/.test(name)) return chance.pick(['somebody', 'nobody']);
    if (/replay/.test(name)) return chance.pick(['none', 'all', 'last', '5', '2020-01-01T00:00:00Z']);
    if (/client/.test(name)) return 'fuzz/1.0';
    if (/limit|ttl|before/i.test(name)) return chance.pick(['1', '60', '100']);
    return chance.pick(['a', 'status', 'order-42', '3f.9k1.q0z7', '01J8', marker.slice(0, 8)]);
  }

  function toJson(schema: Schema, name: string, chance: Chance, oddness: number, depth = 0): string {
    if (chance.happens(oddness) || depth > 6) return oddJson(chance);
    const { type, enum: values, const: value, anyOf, oneOf, allOf, items, properties, required } = resolve(schema);
    const options = anyOf ?? oneOf ?? allOf;
    if (value !== undefined) return JSON.stringify(value);
    if (values !== undefined) return JSON.stringify(chance.pick(values));
    if (options !== undefined) return toJson(chance.pick(options), name, chance, oddness, depth + 1);
    if (type === 'string') return JSON.stringify(plausible(name, chance));
    if (type === 'integer' || type === 'number') return `${Math.floor(chance.between(1, 100))}`;
    if (type === 'boolean') return chance.pick(['true', 'false']);
    if (type === 'array') {
      const count = Math.floor(chance.between(0, chance.happens(0.05) ? 120 : 4));
      const list = Array.from({ length: count }, () => toJson(items ?? {}, name, chance, oddness, depth + 1));
      return `[${list.join()}]`;
    }
    if (type !== 'object' || properties === undefined) return JSON.stringify(`${marker} ${chance.between(0, 1)}`);
    const members = Object.entries(properties)
      .filter(([key]) => (required?.includes(key) === true ? !chance.happens(oddness) : chance.happens(0.3)))
      .map(([key, member]) => `${JSON.stringify(key)}:${toJson(member, key, chance, oddness, depth + 1)}`);
    if (chance.happens(oddness)) members.push(`${JSON.stringify(oddText(chance))}:${oddJson(chance)}`);
    if (chance.happens(oddness)) members.push(...members.slice(0, 1));
    return `{${members.join()}}`;
  }

  function toQuery(parameters: readonly Parameter[], chance: Chance, oddness: number): string {
    const pairs: string[] = [];
    for (const { name, required, schema = {} } of parameters) {
      if (name === 'access_token' || !(required === true || chance.happens(0.3))) continue;
      const text = (): string => (chance.happens(oddness) ? oddText(chance) : plainOf(schema, name, chance));
      const times = chance.happens(oddness / 3) ? Math.floor(chance.between(2, 120)) : 1;
      for (let each = 0; each < times; each += 1) pairs.push(`${name}=${toUrlPart(chance, text())}`);
    }
    if (chance.happens(oddness))
      pairs.push(`${toUrlPart(chance, oddText(chance))}=${toUrlPart(chance, oddText(chance))}`);
    return pairs.length === 0 ? '' : `?${chance.shuffle(pairs).join('&')}`.slice(0, 12_000);
  }

  function plainOf(schema: Schema, name: string, chance: Chance): string {
    const { enum: values, type, items } = resolve(schema);
    if (values !== undefined) return `${chance.pick(values)}`;
    if (type === 'boolean') return chance.pick(['true', 'false']);
    if (type === 'integer') return `${Math.floor(chance.between(1, 100))}`;
    return items === undefined ? plausible(name, chance) : plainOf(items, name, chance);
  }

  function toBody(
    content: Readonly<Record<string, { schema?: Schema }>>,
    chance: Chance,
    oddness: number,
  ): [string, Buffer] {
    const [type, { schema = {} }] = chance.pick(Object.entries(content));
    const line = (): string => toJson(schema, 'data', chance, oddness);
    let text = line();
    if (type.includes('ndjson')) {
      const event = content['application/json']?.schema ?? {};
      const count = Math.floor(chance.between(1, 6));
      text = Array.from({ length: count }, () => toJson(event, 'data', chance, oddness)).join('\n');
    }
    const charset = chance.happens(oddness) ? chance.pick(['; charset=utf-16', ';;', '; charset=UTF-8', '\u00ff']) : '';
    const noise = chance.happens(oddness / 4) ? Buffer.alloc(NOISE_BYTES, Math.floor(chance.between(0, 256))) : '';
    return [`${type}${charset}`, Buffer.concat([Buffer.from(text), Buffer.from(noise)])];
  }

  return Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => METHOD.test(method))
      .map(([method, { parameters: listed = [], requestBody }]): Operation => {
        const parameters = listed.map(resolve);
        const inQuery = parameters.filter((each) => each.in === 'query');
        return {
          service,
          method: method.toUpperCase(),
          path,
          sample(chance, oddness) {
            const target = path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
              toUrlPart(chance, chance.happens(oddness) ? oddText(chance) : plausible(name, chance)),
            );
            const body = requestBody && toBody(requestBody.content, chance, oddness);
            return {
              method: chance.happens(oddness / 4) ? chance.pick(METHODS) : method.toUpperCase(),
              target: `${target}${toQuery(inQuery, chance, oddness)}`,
              fields: body === undefined ? [] : [['Content-Type', body[0]]],
              ...(body !== undefined && { body: body[1] }),
            };
          },
        };
      }),
  );
}
