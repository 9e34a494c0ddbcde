/**
 * Members by wildcard pattern. A look-up costs what matches, and the depth to which the topic and any pattern agree; never
 * the number of members.
 */
export interface PatternTrie<Member> {
  /** Whether it has no member: there is nothing to look for. */
  readonly isEmpty: boolean;
  add(pattern: string, member: Member): void;
  remove(pattern: string, member: Member): void;
  /** Calls `visit` for each pattern that matches the topic; a member of two such patterns is visited twice. */
  match(topic: string, visit: (member: Member) => void): void;
  /** Whether any pattern matches the topic. */
  matches(topic: string): boolean;
}

interface Node<Member> {
  /** By literal token. What few nodes have is made when it is needed: there is a node or two for each pattern. */
  children: Map<string, Node<Member>> | undefined;
  /** Below `*`, and below `>`. */
  star: Node<Member> | undefined;
  rest: Node<Member> | undefined;
  /** Members whose pattern ends here. */
  members: Set<Member> | undefined;
}

const createNode = <Member>(): Node<Member> => ({
  children: undefined,
  star: undefined,
  rest: undefined,
  members: undefined,
});

const isEmpty = <Member>({ children, star, rest, members }: Node<Member>): boolean =>
  children === undefined && star === undefined && rest === undefined && members === undefined;

function below<Member>(node: Node<Member>, token: string): Node<Member> | undefined {
  if (token === '*') return node.star;
  return token === '>' ? node.rest : node.children?.get(token);
}

function grow<Member>(node: Node<Member>, token: string): Node<Member> {
  const child = createNode<Member>();
  if (token === '*') node.star = child;
  else if (token === '>') node.rest = child;
  else {
    node.children ??= new Map();
    node.children.set(token, child);
  }
  return child;
}

function cut<Member>(node: Node<Member>, token: string): void {
  if (token === '*') node.star = undefined;
  else if (token === '>') node.rest = undefined;
  else if (node.children?.delete(token) && node.children.size === 0) node.children = undefined;
}

// Where the token that begins here ends.
function endOf(topic: string, start: number): number {
  const dot = topic.indexOf('.', start);
  return dot === -1 ? topic.length : dot;
}

export function createPatternTrie<Member>(): PatternTrie<Member> {
  const root = createNode<Member>();

  // `start` is where the next token of the topic begins; beyond its end when none is left.
  function visitFrom(node: Node<Member>, topic: string, start: number, visit: (member: Member) => void): void {
    if (start > topic.length) {
      node.members?.forEach(visit);
      return;
    }
    const end = endOf(topic, start);
    const literal = node.children?.get(topic.slice(start, end));
    if (literal !== undefined) visitFrom(literal, topic, end + 1, visit);
    if (node.star !== undefined) visitFrom(node.star, topic, end + 1, visit);
    // `>` is one or more tokens, so it matches at any place before the end.
    node.rest?.members?.forEach(visit);
  }

  function isMatched(node: Node<Member>, topic: string, start: number): boolean {
    if (start > topic.length) return node.members !== undefined;
    if (node.rest !== undefined) return true;
    const end = endOf(topic, start);
    const literal = node.children?.get(topic.slice(start, end));
    if (literal !== undefined && isMatched(literal, topic, end + 1)) return true;
    return node.star !== undefined && isMatched(node.star, topic, end + 1);
  }

  return {
    add(pattern, member) {
      let node = root;
      for (const token of pattern.split('.')) node = below(node, token) ?? grow(node, token);
      node.members ??= new Set();
      node.members.add(member);
    },
    remove(pattern, member) {
      const path: [node: Node<Member>, token: string][] = [];
      let node = root;
      for (const token of pattern.split('.')) {
        const child = below(node, token);
        if (child === undefined) return;
        path.push([node, token]);
        node = child;
      }
      if (node.members?.delete(member) && node.members.size === 0) node.members = undefined;
      for (const [parent, token] of path.reverse()) {
        if (!isEmpty(below(parent, token) as Node<Member>)) return;
        cut(parent, token);
      }
    },
    get isEmpty() {
      return isEmpty(root);
    },
    match: (topic, visit) => visitFrom(root, topic, 0, visit),
    matches: (topic) => isMatched(root, topic, 0),
  };
}
