import { chooseCell } from '@tidings/protocol';

/** Where the parts of a cell are, as others know them: `https://eu-1.example.com`. */
export interface CellAddress {
  readonly edge: string;
  readonly ingest: string;
}

/** Which cell has a tenant: one by name, or several that its users are spread over. */
export type Assignment = string | { readonly usersOver: readonly string[] };

/** The cells of an installation, and whom each serves (ADR 0030). */
export interface CellMap {
  readonly cells: ReadonlyMap<string, CellAddress>;
  /** The cells that serve a tenant: one, or all that its users are spread over. */
  cellsOfTenant(tenant: string): readonly string[];
  /**
   * The cells where a topic lives, or what a pattern matches: that of the user for `user.<id>…` of a tenant whose users are
   * spread, where the id is a word and no wildcard; else all of the tenant's.
   */
  cellsOfTopic(tenant: string, topicOrPattern: string): readonly string[];
}

/** What a cells file says. */
export interface CellPlan {
  readonly cells: ReadonlyMap<string, CellAddress>;
  readonly tenants: ReadonlyMap<string, Assignment>;
  /** Those that have no line of their own are spread over these. */
  readonly others: readonly string[];
}

/** Puts a plan in force; every cell that it names must be one of its cells. */
export function createCellMap({ cells, tenants, others }: CellPlan): CellMap {
  // One array for each cell, so that nothing is made for a request.
  const alone = new Map([...cells.keys()].map((name) => [name, [name]] as const));
  const only = (name: string): readonly string[] => alone.get(name) ?? [name];

  function cellsOfTenant(tenant: string): readonly string[] {
    const assignment = tenants.get(tenant);
    if (assignment === undefined) return only(chooseCell(others, tenant));
    return typeof assignment === 'string' ? only(assignment) : assignment.usersOver;
  }

  return {
    cells,
    cellsOfTenant,
    cellsOfTopic(tenant, topicOrPattern) {
      const found = cellsOfTenant(tenant);
      const user = found.length > 1 ? userTokenOf(topicOrPattern) : undefined;
      return user === undefined ? found : only(chooseCell(found, user));
    },
  };
}

// As it stands in the topic, percent-encoded: no two users have the same (contract section 2).
function userTokenOf(topicOrPattern: string): string | undefined {
  const [first, token] = topicOrPattern.split('.', 2);
  return first === 'user' && token !== undefined && token !== '*' && token !== '>' ? token : undefined;
}
