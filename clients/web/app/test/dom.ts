// As much of a document as Preact draws into: a tree with attributes. Nothing in it has a size or a place.

class Drawn {
  parentNode: Drawn | null = null;
  readonly childNodes: Drawn[] = [];
  readonly attributes: { name: string; value: string }[] = [];
  readonly style = {};
  readonly dataset = {};
  readonly namespaceURI = "http://www.w3.org/1999/xhtml";

  constructor(
    readonly localName: string,
    readonly nodeType: 1 | 3,
    public data = "",
  ) {}

  get firstChild(): Drawn | null { return this.childNodes[0] ?? null; }
  get nextSibling(): Drawn | null {
    const all = this.parentNode?.childNodes ?? [];
    return all[all.indexOf(this) + 1] ?? null;
  }
  get textContent(): string { return this.data + this.childNodes.map((child) => child.textContent).join(""); }
  get elements(): Drawn[] { return this.childNodes.flatMap((child) => [...(child.nodeType === 1 ? [child] : []), ...child.elements]); }

  insertBefore(node: Drawn, before: Drawn | null): Drawn {
    node.parentNode?.removeChild(node);
    const at = before === null ? -1 : this.childNodes.indexOf(before);
    this.childNodes.splice(at < 0 ? this.childNodes.length : at, 0, node);
    node.parentNode = this;
    return node;
  }
  removeChild(node: Drawn): void {
    this.childNodes.splice(this.childNodes.indexOf(node), 1);
    node.parentNode = null;
  }
  getAttribute(name: string): string | undefined { return this.attributes.find((found) => found.name === name)?.value; }
  setAttribute(name: string, value: unknown): void {
    this.removeAttribute(name);
    this.attributes.push({ name, value: String(value) });
  }
  removeAttribute(name: string): void {
    const at = this.attributes.findIndex((found) => found.name === name);
    if (at >= 0) this.attributes.splice(at, 1);
  }
  addEventListener(): void {}
  removeEventListener(): void {}
  querySelector(): null { return null; }
  querySelectorAll(): never[] { return []; }
  contains(): boolean { return false; }
  focus(): void {}
}

/** Gives the views a document to be drawn into; answers its body. */
export function drawing(): { body: Drawn; place: Element } {
  const body = new Drawn("body", 1);
  Object.assign(globalThis, {
    document: {
      createElementNS: (_: string, name: string) => new Drawn(name, 1), createTextNode: (text: string) => new Drawn("#text", 3, text),
      hasFocus: () => false, querySelector: () => null, addEventListener: () => undefined, removeEventListener: () => undefined,
    },
    addEventListener: () => undefined, removeEventListener: () => undefined,
    ResizeObserver: class { observe() {} disconnect() {} },
  });
  return { body, place: body as unknown as Element };
}
