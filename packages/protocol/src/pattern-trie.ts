/** Members by wildcard pattern. A look-up costs what matches, and the depth of the topic; never the number of members. */
export interface PatternTrie<Member> {
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

export function createPatternTrie<Member>(): PatternTrie<Member> {
  const root = createNode<Member>();

  function visitFrom(
    node: Node<Member>,
    tokens: readonly string[],
    place: number,
    visit: (member: Member) => void,
  ): void {
    if (place === tokens.length) {
      node.members.forEach(visit);
      return;
    }
    const literal = node.children.get(tokens[place] as string);
    if (literal !== undefined) visitFrom(literal, tokens, place + 1, visit);
    const star = node.children.get('*');
    if (star !== undefined) visitFrom(star, tokens, place + 1, visit);
    // `>` is one or more tokens, so it matches at any place before the end.
    node.children.get('>')?.members.forEach(visit);
  }

  function isMatched(node: Node<Member>, tokens: readonly string[], place: number): boolean {
    if (place === tokens.length) return node.members.size > 0;
    if (node.children.has('>')) return true;
    const literal = node.children.get(tokens[place] as string);
    if (literal !== undefined && isMatched(literal, tokens, place + 1)) return true;
    const star = node.children.get('*');
    return star !== undefined && isMatched(star, tokens, place + 1);
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
    match: (topic, visit) => visitFrom(root, topic.split('.'), 0, visit),
    matches: (topic) => isMatched(root, topic.split('.'), 0),
  };
}
