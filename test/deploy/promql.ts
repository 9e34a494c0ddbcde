/** What an expression of PromQL names. */
export interface PromqlNames {
  /** Each metric with the labels that it is selected by. */
  readonly selectors: readonly { readonly metric: string; readonly labels: readonly string[] }[];
  /** Labels of `by`, `on` and their like. */
  readonly grouping: readonly string[];
}

const GROUPING = /\b(by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const WORDS = new Set(['by', 'without', 'on', 'ignoring', 'group_left', 'group_right']);
const OPERATORS = new Set(['and', 'or', 'unless', 'offset', 'bool']);
const STRING = /"(?:[^"\\]|\\.)*"/g;

/**
 * Reads the names in an expression without a grammar: what is followed by a parenthesis is a function, what stands in
 * braces are labels, and every other name that is no operator is a metric.
 */
export function namesIn(expression: string): PromqlNames {
  const bare = expression.replaceAll(STRING, '""');
  const grouping = [...bare.matchAll(GROUPING)].flatMap(([, , list = '']) => list.match(/\w+/g) ?? []);
  const rest = bare.replaceAll(GROUPING, ' ').replaceAll(/\[[^\]]*\]/g, ' ');
  const selectors = [...rest.matchAll(/\b([a-zA-Z_]\w*)\b(\s*\()?(\{[^}]*\})?/g)].flatMap(
    ([, metric = '', call, braces = '{}'], place, all) => {
      const isLabel = isInBraces(rest, all[place]?.index ?? 0);
      if (call !== undefined || isLabel || OPERATORS.has(metric) || WORDS.has(metric)) return [];
      return [{ metric, labels: [...braces.matchAll(/(\w+)\s*[=!]/g)].map(([, label]) => label as string) }];
    },
  );
  return { selectors: selectors.filter(({ metric }) => !/^\d|^[smhd]$/.test(metric)), grouping };
}

function isInBraces(text: string, place: number): boolean {
  return text.lastIndexOf('{', place) > text.lastIndexOf('}', place);
}
