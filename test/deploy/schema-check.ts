import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { findProgram } from '../../scripts/programs/find.mjs';
import type { Manifest } from './manifests.ts';

/**
 * Of the objects that are no part of Kubernetes: taken from the CustomResourceDefinitions of gateway-api 1.7.0, the Prometheus
 * Operator 0.85.0, KEDA 2.21.0 and cert-manager 1.21.2 (as their Go modules carry them; all Apache-2.0), without
 * descriptions, defaults and status, and closed to fields that are not listed. Of an Issuer only the two kinds that are used here,
 * and of Envoy Gateway's BackendTrafficPolicy (v1alpha1) the parts that are.
 */
const CUSTOM = join(import.meta.dirname, 'schemas');
// Objects name their schemas by absolute paths.
const DEFINITIONS = '/api/_definitions.json';
const NEWEST = 2;

/** Looks for what an API server of one version would refuse, fields that it does not know included. */
export interface SchemaCheck {
  /** For example v1.37.0. */
  readonly version: string;
  /** One sentence for each fault. */
  faultsOf(manifest: Manifest): string[];
}

const readJson = (path: string): object => JSON.parse(readFileSync(path, 'utf8'));
const minorOf = (folder: string): number => Number(/^v1\.(\d+)/.exec(folder)?.[1]);

/** Checks against each of the newest versions of Kubernetes that there are schemas of. */
export async function createSchemaChecks(): Promise<readonly SchemaCheck[]> {
  const root = await findProgram('kubernetes-schemas');
  const folders = readdirSync(root).filter((name) => name.endsWith('-local-strict'));
  const newest = folders.sort((one, other) => minorOf(other) - minorOf(one)).slice(0, NEWEST);
  return newest.map((folder) => createSchemaCheck(join(root, folder), folder.replace('-local-strict', '')));
}

function createSchemaCheck(folder: string, version: string): SchemaCheck {
  // What would make checks faster costs more than it saves: each schema checks a few objects.
  const ajv = new Ajv({
    strict: false,
    validateFormats: false,
    validateSchema: false,
    inlineRefs: false,
    code: { optimize: false },
  });
  ajv.addSchema(readJson(join(folder, '_definitions.json')), DEFINITIONS);
  const known = new Set(readdirSync(folder));
  const compiled = new Map<string, ValidateFunction>();

  function compile(name: string): ValidateFunction {
    const file = known.has(name) ? join(folder, name) : join(CUSTOM, name);
    const schema = compiled.get(name) ?? ajv.compile(readJson(file));
    compiled.set(name, schema);
    return schema;
  }

  return {
    version,
    faultsOf(manifest) {
      const validate = compile(schemaNameOf(manifest));
      if (validate(manifest)) return [];
      return (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
      );
    },
  };
}

/** Objects of Kubernetes carry the first part of their group and their version in the name, others the kind alone. */
function schemaNameOf({ apiVersion, kind }: Manifest): string {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : [undefined, apiVersion];
  const isCustom = group?.includes('.') && !group.endsWith('.k8s.io');
  if (isCustom || group === 'gateway.networking.k8s.io') return `${kind.toLowerCase()}.json`;
  return `${[kind.toLowerCase(), group?.split('.')[0], version].filter(Boolean).join('-')}.json`;
}
