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
  readonly children: Map<string, Node<Member>>;
  /** Members whose pattern ends here. */
  readonly members: Set<Member>;
}

const createNode = <Member>(): Node<Member> => ({ children: new Map(), members: new Set() });

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
      node.members.forEach(visit);
      return;
    }
    const end = endOf(topic, start);
    const literal = node.children.get(topic.slice(start, end));
    if (literal !== undefined) visitFrom(literal, topic, end + 1, visit);
    const star = node.children.get('*');
    if (star !== undefined) visitFrom(star, topic, end + 1, visit);
    // `>` is one or more tokens, so it matches at any place before the end.
    node.children.get('>')?.members.forEach(visit);
  }

  function isMatched(node: Node<Member>, topic: string, start: number): boolean {
    if (start > topic.length) return node.members.size > 0;
    if (node.children.has('>')) return true;
    const end = endOf(topic, start);
    const literal = node.children.get(topic.slice(start, end));
    if (literal !== undefined && isMatched(literal, topic, end + 1)) return true;
    const star = node.children.get('*');
    return star !== undefined && isMatched(star, topic, end + 1);
  }

  return {
    add(pattern, member) {
      let node = root;
      for (const token of pattern.split('.')) {
        let child = node.children.get(token);
        if (child === undefined) {
          child = createNode<Member>();
          node.children.set(token, child);
        }
        node = child;
      }
      node.members.add(member);
    },
    remove(pattern, member) {
      const path: [node: Node<Member>, token: string][] = [];
      let node = root;
      for (const token of pattern.split('.')) {
        const child = node.children.get(token);
        if (child === undefined) return;
        path.push([node, token]);
        node = child;
      }
      node.members.delete(member);
      for (const [parent, token] of path.reverse()) {
        const child = parent.children.get(token) as Node<Member>;
        if (child.members.size > 0 || child.children.size > 0) return;
        parent.children.delete(token);
      }
    },
    get isEmpty() {
      return root.children.size === 0;
    },
    match: (topic, visit) => visitFrom(root, topic, 0, visit),
    matches: (topic) => isMatched(root, topic, 0),
  };
}
